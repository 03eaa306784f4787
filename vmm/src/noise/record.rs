//! What the parts answer: lines of JSON, some of them followed by as many marks as they say (8 bytes each, low first).

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::watch::Watched;

/// The marks between the quanta of one work on one thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    /// The work's place in the order.
    pub(super) work: usize,
    /// The thread's number, which is its CPU's place in the order.
    pub(super) thread: usize,
    /// Values of the time-stamp counter: before the first quantum and after each.
    pub(super) ticks: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
enum Line {
    Marks { work: usize, thread: usize, count: usize },
    Watched(Watched),
}

/// All that a part answered.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The measured program's.
    pub(super) marks: Vec<Marks>,
    /// What was counted meanwhile, if the part watched it.
    pub(super) watched: Option<Watched>,
}

/// Writes the marks of a work on a thread.
pub(super) fn write_marks(to: &mut impl Write, work: usize, thread: usize, ticks: &[u64]) -> io::Result<()> {
    write_line(to, &Line::Marks { work, thread, count: ticks.len() })?;
    let bytes: Vec<u8> = ticks.iter().flat_map(|ticks| ticks.to_le_bytes()).collect();
    to.write_all(&bytes)?;
    to.flush()
}

/// Writes what was counted.
pub(super) fn write_watched(to: &mut impl Write, watched: Watched) -> io::Result<()> {
    write_line(to, &Line::Watched(watched))?;
    to.flush()
}

fn write_line(to: &mut impl Write, line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    to.write_all(&text)
}

/// Reads everything; the text says what is wrong with it.
pub(super) fn read(mut bytes: &[u8]) -> Result<Answer, String> {
    let mut answer = Answer::default();
    while !bytes.is_empty() {
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or("a line has no end")?;
        let line = serde_json::from_slice(&bytes[..end]).map_err(|error| error.to_string())?;
        bytes = &bytes[end + 1..];
        match line {
            Line::Watched(watched) => answer.watched = Some(watched),
            Line::Marks { work, thread, count } => {
                let marks = count.checked_mul(8).and_then(|length| bytes.split_at_checked(length));
                let (marks, rest) = marks.ok_or("marks are missing")?;
                answer.marks.push(Marks {
                    work,
                    thread,
                    ticks: marks.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect(),
                });
                bytes = rest;
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut bytes = Vec::new();
        write_marks(&mut bytes, 1, 0, &[10, 0x0a0a_0a0a, u64::MAX]).expect("written");
        write_watched(&mut bytes, Watched::default()).expect("written");
        write_marks(&mut bytes, 0, 2, &[]).expect("written");
        let answer = read(&bytes).expect("understood");
        let first = Marks { work: 1, thread: 0, ticks: vec![10, 0x0a0a_0a0a, u64::MAX] };
        assert_eq!(answer.marks, [first, Marks { work: 0, thread: 2, ticks: Vec::new() }]);
        assert!(answer.watched.is_some());
    }

    #[test]
    fn what_is_cut_off_or_foreign_is_refused() {
        let mut bytes = Vec::new();
        write_marks(&mut bytes, 0, 0, &[1, 2]).expect("written");
        for wrong in [
            &bytes[..bytes.len() - 1],
            &bytes[..3],
            b"hello\n",
            b"{\"Marks\":{\"work\":0,\"thread\":0,\"count\":99999999999999}}\n",
        ] {
            read(wrong).expect_err("refused");
        }
    }
}
