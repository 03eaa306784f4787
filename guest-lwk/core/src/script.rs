//! The first line of a script, read as Linux reads it.
//!
//! The rules are those of `load_script` in Linux's `fs/binfmt_script.c` and of execve(2), section "Interpreter
//! scripts": only the first 256 bytes count, the line may hold one argument with blanks inside, an argument may be
//! cut off there (the interpreter can read the line again), a path may not.

/// Bytes of a file that decide what it is (`BINPRM_BUF_SIZE`).
pub const HEAD_BYTES: usize = 256;

/// How many interpreters may stand behind each other before execve(2) fails with ELOOP.
pub const MAX_DEPTH: usize = 5;

/// What the first line of a script says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script<'a> {
    /// Path of the interpreter, as it is written. It may be empty; Linux then tries to execute the working
    /// directory (EACCES).
    pub interpreter: &'a [u8],
    /// The argument, with the blanks inside it.
    pub argument: Option<&'a [u8]>,
}

/// Reads the line from the first [`HEAD_BYTES`] of a file, or from all of a shorter file.
///
/// `None` means ENOEXEC: no `#!`, no interpreter, or one whose path does not end within those bytes.
#[must_use]
pub fn parse(head: &[u8]) -> Option<Script<'_>> {
    if !head.starts_with(b"#!") {
        return None;
    }
    let line = Line { head: head.get(..HEAD_BYTES).unwrap_or(head) };
    let mut end = match line.newline() {
        Some(newline) => newline,
        None => line.end_without_newline()?,
    };
    while is_blank(line.byte(end - 1)) {
        end -= 1;
    }
    let name = line.find(2, end, |byte| !is_blank(byte)).filter(|&name| name != end)?;
    let separator = line.find(name, end, is_terminator);
    let argument = separator.filter(|&at| line.byte(at) != 0).and_then(|at| line.find(at, end, |byte| !is_blank(byte)));
    let name_end = separator.unwrap_or(end);
    Some(Script { interpreter: line.string(name, name_end), argument: argument.map(|at| line.string(at, end)) })
}

/// The buffer that Linux would look at: what is past the end of the file reads as zero.
struct Line<'a> {
    head: &'a [u8],
}

impl<'a> Line<'a> {
    fn byte(&self, at: usize) -> u8 {
        self.head.get(at).copied().unwrap_or(0)
    }

    /// First position in `first..=last` whose byte is `wanted`.
    fn find(&self, first: usize, last: usize, wanted: impl Fn(u8) -> bool) -> Option<usize> {
        (first..=last).find(|&at| wanted(self.byte(at)))
    }

    /// The newline, if it comes before any NUL.
    fn newline(&self) -> Option<usize> {
        self.find(0, HEAD_BYTES - 1, |byte| byte == b'\n' || byte == 0).filter(|&at| self.byte(at) == b'\n')
    }

    /// The end of a line that has no newline, unless it could have cut the interpreter's path off.
    fn end_without_newline(&self) -> Option<usize> {
        let last = HEAD_BYTES - 1;
        let name = self.find(2, last, |byte| !is_blank(byte))?;
        self.find(name, last, is_terminator)?;
        Some(last)
    }

    /// The bytes from `start` to `end` or to the first NUL.
    fn string(&self, start: usize, end: usize) -> &'a [u8] {
        let bytes = self.head.get(start..end.min(self.head.len())).unwrap_or_default();
        bytes.split(|&byte| byte == 0).next().unwrap_or_default()
    }
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn is_terminator(byte: u8) -> bool {
    is_blank(byte) || byte == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[track_caller]
    fn assert_says(line: &[u8], interpreter: &[u8], argument: Option<&[u8]>) {
        assert_eq!(parse(line), Some(Script { interpreter, argument }));
    }

    /// A first line of exactly `length` bytes without a newline.
    fn long_line(start: &[u8], fill: u8, length: usize) -> Vec<u8> {
        let mut line = start.to_vec();
        line.resize(length, fill);
        line
    }

    #[test]
    fn a_plain_line_names_the_interpreter() {
        assert_says(b"#!/bin/sh\necho", b"/bin/sh", None);
        assert_says(b"#! \t/bin/sh \t\n", b"/bin/sh", None);
        assert_says(b"#!/bin/sh", b"/bin/sh", None);
    }

    #[test]
    fn the_argument_is_one_and_keeps_its_inner_blanks() {
        assert_says(b"#!/usr/bin/env  -S a  b \n", b"/usr/bin/env", Some(b"-S a  b"));
        assert_says(b"#!/bin/sh\t-x", b"/bin/sh", Some(b"-x"));
    }

    #[test]
    fn what_is_no_script_is_refused() {
        for head in [&b""[..], b"#", b"# !/bin/sh\n", b"\x7fELF", b"#!\n", b"#!  \t\n/bin/sh\n"] {
            assert_eq!(parse(head), None, "{head:?}");
        }
    }

    #[test]
    fn a_path_that_is_cut_off_is_refused() {
        assert_eq!(parse(&long_line(b"#!/", b'a', 256)), None);
        assert_eq!(parse(&long_line(b"#!/", b'a', 4096)), None);
        assert_eq!(parse(&long_line(b"#!", b' ', 300)), None);
    }

    #[test]
    fn an_argument_that_is_cut_off_is_accepted() {
        let line = long_line(b"#!/bin/sh ", b'a', 400);
        assert_says(&line, b"/bin/sh", Some(&[b'a'; 245]));
    }

    #[test]
    fn a_path_that_ends_with_the_file_is_whole() {
        let line = long_line(b"#!/", b'a', 255);
        assert_says(&line, &line[2..], None);
    }

    #[test]
    fn a_newline_in_the_last_byte_counts() {
        let mut line = long_line(b"#!/", b'a', 256);
        line[255] = b'\n';
        assert_says(&line, &line[2..255], None);
    }

    #[test]
    fn a_nul_ends_the_path() {
        assert_says(b"#!/bin/sh\0 -x\n", b"/bin/sh", None);
        assert_says(b"#!\0\n", b"", None);
        assert_says(b"#!/bin/sh -x  \0", b"/bin/sh", Some(b"-x  "));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&[b"#!", &bytes[..]].concat());
        }

        #[test]
        fn blanks_around_never_change_the_meaning(before in 0usize..9, between in 1usize..9, after in 0usize..9) {
            let (before, between, after) = (vec![b' '; before], vec![b'\t'; between], vec![b' '; after]);
            let line = [b"#!", &before[..], b"/a", &between, b"b c", &after, b"\n"].concat();
            assert_says(&line, b"/a", Some(b"b c"));
        }
    }
}
