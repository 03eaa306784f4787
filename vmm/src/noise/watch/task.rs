//! What Linux counts for a thread: how long it waited for its CPU (Documentation/scheduler/sched-stats) and how often
//! it was made to (proc_pid_status(5)).

use std::fs;
use std::path::PathBuf;

use super::Kind;
use super::series::Reading;

/// A thread that is known by its name until it has been found.
#[derive(Debug)]
pub(super) struct Task {
    process: u32,
    name: String,
    folder: Option<PathBuf>,
}

impl Task {
    /// The thread called `name` (15 bytes at most) of a process.
    pub(super) const fn new(process: u32, name: String) -> Self {
        Self { process, name, folder: None }
    }

    /// The thread's counters; none while there is no such thread.
    pub(super) fn read(&mut self) -> Vec<Reading> {
        if self.folder.is_none() {
            self.folder = self.find();
        }
        let Some(folder) = &self.folder else { return Vec::new() };
        let text = |file| fs::read_to_string(folder.join(file)).unwrap_or_default();
        let delay =
            run_delay(&text("schedstat")).map(|value| (Kind::RunDelay, "another task had the CPU".to_owned(), value));
        let switches =
            switches(&text("status")).map(|value| (Kind::Switches, "switches to another task".to_owned(), value));
        delay.into_iter().chain(switches).collect()
    }

    fn find(&self) -> Option<PathBuf> {
        let folders = fs::read_dir(format!("/proc/{}/task", self.process)).ok()?;
        let is_it = |folder: &PathBuf| {
            fs::read_to_string(folder.join("comm")).is_ok_and(|name| name.trim_end_matches('\n') == self.name)
        };
        folders.filter_map(|entry| Some(entry.ok()?.path())).find(is_it)
    }
}

/// Nanoseconds that the thread waited: the second of three numbers.
fn run_delay(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().nth(1)?.parse().ok()
}

fn switches(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_found() {
        assert_eq!(run_delay("1228430 5039986 2\n"), Some(5_039_986));
        assert_eq!(run_delay("0\n"), None);
        assert_eq!(switches("Name:\tx\nvoluntary_ctxt_switches:\t8\nnonvoluntary_ctxt_switches:\t3\n"), Some(3));
    }

    #[test]
    fn a_thread_that_is_not_there_has_no_counters() {
        assert_eq!(Task::new(std::process::id(), "no such thread".to_owned()).read(), []);
    }
}
