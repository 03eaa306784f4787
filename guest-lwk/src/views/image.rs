//! `cmdline`, `environ`, `auxv`: what the program finds on its stack, as it is there now.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::text::Text;
use crate::memory::space::AddressSpace;
use crate::process::process::Process;

/// The most that is shown of one of them.
const MOST: u64 = 8 << 20;

/// `cmdline`. A program that writes a longer title over it writes into the environment behind it (Linux's `get_mm_cmdline()`).
pub fn command_line(process: &Process) -> Text {
    let space = process.space.lock();
    let (arguments, environment) = (space.program.arguments.clone(), space.program.environment.clone());
    let mut bytes = read(&space, &arguments);
    if bytes.last().is_some_and(|last| *last != 0) {
        bytes.extend(read(&space, &environment));
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        bytes.truncate(end);
    }
    text(&bytes)
}

/// `environ`.
pub fn environment(process: &Process) -> Text {
    let space = process.space.lock();
    text(&read(&space, &space.program.environment))
}

/// `auxv`.
pub fn auxiliary(process: &Process) -> Text {
    let space = process.space.lock();
    text(&read(&space, &space.program.auxiliary))
}

fn text(bytes: &[u8]) -> Text {
    let mut text = Text::new();
    text.push(bytes);
    text
}

fn read(space: &AddressSpace, range: &Range<u64>) -> Vec<u8> {
    let length = (range.end - range.start).min(MOST);
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    // A program that unmapped its stack has none.
    if space.peek(range.start, &mut bytes).is_err() {
        bytes.clear();
    }
    bytes
}
