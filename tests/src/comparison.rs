//! Says in which way two runs differ, briefly enough to be read.

use std::fmt::Write;
use std::path::Path;

use crate::outcome::Outcome;
use crate::tree::Tree;

/// Lines shown before the first one that differs.
const CONTEXT: usize = 3;
/// Lines shown from the first one that differs.
const SHOWN: usize = 8;
/// Characters shown of a line.
const WIDTH: usize = 200;

/// Every difference between what Linux did and what the LWK did, or `None` if there is none.
#[must_use]
pub fn differences(native: &Outcome, lwk: &Outcome) -> Option<String> {
    let mut report = String::new();
    if lwk.timed_out {
        report.push_str("time limit: the run was killed\n");
    }
    if lwk.left_processes {
        report.push_str("processes outlived the program\n");
    }
    if native.status != lwk.status {
        let _ = writeln!(report, "status: native {}, LWK {}", native.status, lwk.status);
    }
    text(&mut report, "stdout", &native.stdout, &lwk.stdout);
    if native.refused {
        one_line(&mut report, &lwk.stderr);
    } else {
        text(&mut report, "stderr", &native.stderr, &lwk.stderr);
    }
    trees(&mut report, &native.tree, &lwk.tree);
    (!report.is_empty()).then_some(report)
}

/// A program that cannot be executed is reported in one line of our own.
fn one_line(report: &mut String, stderr: &[u8]) {
    let lines = stderr.split_inclusive(|byte| *byte == b'\n').count();
    if lines != 1 || !stderr.starts_with(b"lwk-vmm: ") {
        let _ =
            writeln!(report, "stderr: should be one line that begins with lwk-vmm: but is {}", stderr.escape_ascii());
    }
}

fn text(report: &mut String, name: &str, native: &[u8], lwk: &[u8]) {
    if native == lwk {
        return;
    }
    let native: Vec<_> = native.split_inclusive(|byte| *byte == b'\n').collect();
    let lwk: Vec<_> = lwk.split_inclusive(|byte| *byte == b'\n').collect();
    let first = native.iter().zip(&lwk).take_while(|(left, right)| left == right).count();
    let _ = writeln!(
        report,
        "{name}: differs from line {} on (native {} lines, LWK {} lines)",
        first + 1,
        native.len(),
        lwk.len()
    );
    let from = first.saturating_sub(CONTEXT);
    lines(report, ' ', &native[from..first]);
    lines(report, '-', shown(&native, first));
    lines(report, '+', shown(&lwk, first));
}

fn shown<'a>(lines: &'a [&'a [u8]], from: usize) -> &'a [&'a [u8]] {
    &lines[from..lines.len().min(from + SHOWN)]
}

fn lines(report: &mut String, mark: char, lines: &[&[u8]]) {
    for line in lines {
        let cut = &line[..line.len().min(WIDTH)];
        let _ = writeln!(report, "  {mark} {}", cut.escape_ascii());
    }
}

fn trees(report: &mut String, native: &Tree, lwk: &Tree) {
    for (path, entry) in native {
        match lwk.get(path) {
            None => file(report, path, '-', entry),
            Some(other) if other != entry => {
                file(report, path, '-', entry);
                file(report, path, '+', other);
            }
            Some(_) => {}
        }
    }
    for (path, entry) in lwk.iter().filter(|(path, _)| !native.contains_key(*path)) {
        file(report, path, '+', entry);
    }
}

fn file(report: &mut String, path: &Path, mark: char, entry: &impl std::fmt::Display) {
    let _ = writeln!(report, "file {}:\n  {mark} {entry}", path.display());
}
