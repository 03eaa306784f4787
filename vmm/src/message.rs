//! Lines for people.
//!
//! `eprintln!` panics when nobody reads stderr any more (`lwk-vmm ... 2>&1 | head`); a message that nobody sees is no reason
//! to end a program.

use std::fmt::Display;
use std::io::{Write, stderr, stdout};

/// Writes `lwk-vmm: ` and the text to stderr, as one line.
pub fn say(text: impl Display) {
    line("lwk-vmm", text);
}

/// Writes a line to stderr that begins with who says it.
pub fn line(who: &str, text: impl Display) {
    let _ = stderr().lock().write_all(format!("{who}: {text}\n").as_bytes());
}

/// Writes text of several lines to stderr.
pub fn block(text: impl Display) {
    let _ = stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Writes text that was asked for to stdout.
pub fn answer(text: &str) {
    let _ = stdout().lock().write_all(text.as_bytes());
}
