//! The measured program: threads that do fixed work and note when each quantum was done.
//!
//! Between the first and the last mark there is no system call and no page that was not touched before, so that what
//! disturbs the work comes from outside.

use std::hint::black_box;
use std::io::{self, stdout};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::order::{self, SampleOrder, Work};
use super::work::{SEED, fixed};
use super::{NoiseError, record, slice};
use crate::arch::processor;
use crate::partition::pin_to_cpu;

/// After which what started us has come to rest, and who watches us has found our threads.
const PAUSE: Duration = Duration::from_millis(50);

/// Begins the name of the threads that measure; their number follows.
pub(super) const THREAD: &str = "noise";

/// What a thread noted: for each work the marks between its quanta.
type Marks = Vec<Vec<u64>>;

/// Measures as ordered and writes the marks to stdout.
pub(super) fn run(text: &str) -> Result<u8, NoiseError> {
    let order: SampleOrder = order::read(text)?;
    if let Some(parent) = order.parent {
        slice::end_with(parent)?;
    }
    let barrier = Arc::new(Barrier::new(order.cpus.len()));
    let start = |(index, cpu)| start(index, cpu, order.works.clone(), Arc::clone(&barrier));
    let threads = (0..).zip(order.cpus.iter().copied()).map(start).collect::<Result<Vec<_>, _>>()?;
    for (index, thread) in threads.into_iter().enumerate() {
        let marks = thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked")));
        let marks = marks.map_err(|source| NoiseError::System { what: "measure", source })?;
        write(index, &marks)?;
    }
    Ok(0)
}

fn start(
    index: usize,
    cpu: u32,
    works: Vec<Work>,
    barrier: Arc<Barrier>,
) -> Result<JoinHandle<io::Result<Marks>>, NoiseError> {
    let body = move || {
        let pinned = pin_to_cpu(cpu).map_err(|error| io::Error::other(error.to_string()));
        // A touch of each page: what is zero may not be there yet.
        let mut marks: Marks = works.iter().map(|work| vec![1; work.most + 1]).collect();
        thread::sleep(PAUSE);
        for (work, marks) in works.iter().zip(&mut marks) {
            barrier.wait();
            let count = measure(work, marks);
            marks.truncate(count);
        }
        pinned.map(|()| marks)
    };
    let thread = thread::Builder::new().name(format!("{THREAD}{index}")).spawn(body);
    thread.map_err(|source| NoiseError::System { what: "start a thread", source })
}

/// Fills `marks` as long as `work` says; answers how many there are.
fn measure(work: &Work, marks: &mut [u64]) -> usize {
    let (mut state, mut now) = (SEED, processor::ticks());
    let end = now.saturating_add(work.ticks);
    marks[0] = now;
    let mut count = 1;
    while count < marks.len() && now < end {
        state = fixed(state, work.steps);
        now = processor::ticks();
        marks[count] = now;
        count += 1;
    }
    black_box(state);
    count
}

fn write(thread: usize, marks: &Marks) -> Result<(), NoiseError> {
    for (work, marks) in marks.iter().enumerate() {
        let written = record::write_marks(&mut stdout().lock(), work, thread, marks);
        written.map_err(|source| NoiseError::System { what: "write the results", source })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_rise_and_end_with_time_or_room() {
        let mut marks = vec![1; 1000];
        let count = measure(&Work { steps: 10_000, ticks: 2_000_000, most: 999 }, &mut marks);
        assert!(count > 1 && marks[..count].is_sorted() && marks[0] < marks[count - 1]);
        let filled = measure(&Work { steps: 1, ticks: u64::MAX, most: 999 }, &mut marks);
        assert_eq!(filled, 1000);
    }
}
