//! The first bytes of a program's stack: what execve(2) puts there before the first instruction.
//!
//! The order of things is Linux's (fs/exec.c, `create_elf_tables` in `fs/binfmt_elf.c`), because programs look: from
//! the top down eight zero bytes, the name of the file, the strings of the environment, those of the arguments,
//! the platform's name, the random bytes, the auxiliary vector, and the pointers to it all. The caller
//! chooses the top, and with it how much the layout is randomised.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use crate::number::index;

/// End of the auxiliary vector (getauxval(3)); the builder adds it.
pub const AT_NULL: u64 = 0;
/// Address of the platform's name; the builder fills it in.
pub const AT_PLATFORM: u64 = 15;
/// Address of 16 random bytes; the builder fills it in.
pub const AT_RANDOM: u64 = 25;
/// Address of the name of the executed file; the builder fills it in.
pub const AT_EXECFN: u64 = 31;

const PLATFORM: &[u8] = b"x86_64";
const RANDOM_BYTES: u64 = 16;
const WORD: u64 = 8;
/// Alignment of the stack pointer at a program's entry (System V ABI for x86-64, 3.4.1).
const ALIGNMENT: u64 = 16;

/// Longest single string, its NUL included (`MAX_ARG_STRLEN`).
const MAX_STRING: u64 = 131_072;
/// Least room for strings and pointers, however low the limit of the stack is (`ARG_MAX`).
const LEAST_ROOM: u64 = 131_072;
/// Most room for them, however high it is: three quarters of `_STK_LIM`.
const MOST_ROOM: u64 = 6 << 20;

/// Arguments and environment are too long: E2BIG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooBig;

/// What goes onto the stack. Strings are without NUL, and none of them may have one inside.
#[derive(Clone, Copy, Debug)]
pub struct StackContents<'a> {
    /// `argv`. If it is empty, the program gets one empty argument, as Linux does it.
    pub arguments: &'a [&'a [u8]],
    /// `envp`.
    pub environment: &'a [&'a [u8]],
    /// Path of the file as execve(2) was given it (for a script: that of the script).
    pub exec_name: &'a [u8],
    /// Keys and values of the auxiliary vector, without its end. The values of [`AT_RANDOM`], [`AT_EXECFN`] and
    /// [`AT_PLATFORM`] are replaced.
    pub auxiliary: &'a [(u64, u64)],
    /// What [`AT_RANDOM`] points to.
    pub random: [u8; 16],
}

/// The bytes of a stack, to be copied to `stack_pointer..top`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackImage {
    /// The stack pointer at the program's entry, divided by 16; `argc` is there.
    pub stack_pointer: u64,
    /// Everything from there to the top.
    pub bytes: Vec<u8>,
    /// Where the strings of the arguments are (`arg_start`, `arg_end` of proc(5)).
    pub arguments: Range<u64>,
    /// Where the strings of the environment are (`env_start`, `env_end`).
    pub environment: Range<u64>,
    /// Where the auxiliary vector is, its end included.
    pub auxiliary: Range<u64>,
}

impl StackContents<'_> {
    /// Lays everything out below `top`, a multiple of 16. `stack_limit` is the soft `RLIMIT_STACK` in bytes: a
    /// quarter of it may be taken by strings and their pointers (execve(2), "Limits on size of arguments and
    /// environment").
    ///
    /// # Errors
    /// [`TooBig`] if they need more, if one string is longer than 128 KiB, or if there is not so much room below `top`.
    pub fn build(&self, top: u64, stack_limit: u64) -> Result<StackImage, TooBig> {
        let arguments = if self.arguments.is_empty() { &[&b""[..]] } else { self.arguments };
        self.check_room(arguments, stack_limit)?;
        let places = self.places(arguments, top)?;
        let mut image = Writer { start: places.stack_pointer, bytes: vec![0; index(top - places.stack_pointer)] };
        image.words(places.stack_pointer, &self.table(arguments, &places));
        image.bytes(places.random, &self.random);
        image.bytes(places.platform, PLATFORM);
        image.strings(places.arguments.start, arguments);
        image.strings(places.environment.start, self.environment);
        image.bytes(places.exec_name, self.exec_name);
        Ok(StackImage {
            stack_pointer: places.stack_pointer,
            bytes: image.bytes,
            arguments: places.arguments,
            environment: places.environment,
            auxiliary: places.auxiliary,
        })
    }

    fn check_room(&self, arguments: &[&[u8]], stack_limit: u64) -> Result<(), TooBig> {
        let strings = || arguments.iter().chain(self.environment).chain([&self.exec_name]);
        if strings().any(|string| string.len() as u64 >= MAX_STRING) {
            return Err(TooBig);
        }
        let pointers = WORD * (arguments.len() + self.environment.len()) as u64;
        let needed = pointers + strings().map(|string| with_nul(string)).sum::<u64>();
        let room = (stack_limit / 4).clamp(LEAST_ROOM, MOST_ROOM);
        if pointers >= room || needed > room { Err(TooBig) } else { Ok(()) }
    }

    fn places(&self, arguments: &[&[u8]], top: u64) -> Result<Places, TooBig> {
        let exec_name = down(top, WORD + with_nul(self.exec_name))?;
        let environment = down(exec_name, total(self.environment))?..exec_name;
        let arguments_start = down(environment.start, total(arguments))?;
        let platform = down(arguments_start & !(ALIGNMENT - 1), with_nul(PLATFORM))?;
        let random = down(platform, RANDOM_BYTES)?;
        let auxiliary_bytes = 2 * WORD * (self.auxiliary.len() + 1) as u64;
        // argc, and an end for either list of pointers.
        let pointer_bytes = WORD * (arguments.len() + self.environment.len() + 3) as u64;
        let stack_pointer = down(random, auxiliary_bytes + pointer_bytes)? & !(ALIGNMENT - 1);
        let auxiliary_start = stack_pointer + pointer_bytes;
        Ok(Places {
            stack_pointer,
            auxiliary: auxiliary_start..auxiliary_start + auxiliary_bytes,
            random,
            platform,
            arguments: arguments_start..environment.start,
            environment,
            exec_name,
        })
    }

    /// The words from the stack pointer on.
    fn table(&self, arguments: &[&[u8]], places: &Places) -> Vec<u64> {
        let mut words = vec![arguments.len() as u64];
        for (strings, start) in [(arguments, places.arguments.start), (self.environment, places.environment.start)] {
            words.extend(strings.iter().scan(start, |next, string| {
                let address = *next;
                *next += with_nul(string);
                Some(address)
            }));
            words.push(0);
        }
        for &(key, value) in self.auxiliary {
            words.extend([key, places.value(key).unwrap_or(value)]);
        }
        words.extend([AT_NULL, 0]);
        words
    }
}

/// The address of each thing.
struct Places {
    stack_pointer: u64,
    auxiliary: Range<u64>,
    random: u64,
    platform: u64,
    arguments: Range<u64>,
    environment: Range<u64>,
    exec_name: u64,
}

impl Places {
    /// The values of the auxiliary vector that are only known here.
    fn value(&self, key: u64) -> Option<u64> {
        match key {
            AT_PLATFORM => Some(self.platform),
            AT_RANDOM => Some(self.random),
            AT_EXECFN => Some(self.exec_name),
            _ => None,
        }
    }
}

/// The image while it is filled; what is not written stays zero, the ends of strings among it.
struct Writer {
    start: u64,
    bytes: Vec<u8>,
}

impl Writer {
    fn bytes(&mut self, address: u64, bytes: &[u8]) {
        let at = index(address - self.start);
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn words(&mut self, address: u64, words: &[u64]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.bytes(address, &bytes);
    }

    fn strings(&mut self, address: u64, strings: &[&[u8]]) {
        let mut next = address;
        for string in strings {
            self.bytes(next, string);
            next += with_nul(string);
        }
    }
}

fn with_nul(string: &[u8]) -> u64 {
    string.len() as u64 + 1
}

fn total(strings: &[&[u8]]) -> u64 {
    strings.iter().map(|string| with_nul(string)).sum()
}

fn down(address: u64, bytes: u64) -> Result<u64, TooBig> {
    address.checked_sub(bytes).ok_or(TooBig)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOP: u64 = 0x7f00_0000_0000;
    const LIMIT: u64 = 8 << 20;

    fn contents<'a>(arguments: &'a [&'a [u8]], environment: &'a [&'a [u8]]) -> StackContents<'a> {
        const AUXILIARY: &[(u64, u64)] = &[(6, 4096), (AT_RANDOM, 0), (AT_EXECFN, 0), (AT_PLATFORM, 0)];
        StackContents { arguments, environment, exec_name: b"/bin/x", auxiliary: AUXILIARY, random: [7; 16] }
    }

    impl StackImage {
        fn word(&self, address: u64) -> u64 {
            let at = index(address - self.stack_pointer);
            u64::from_le_bytes(self.bytes[at..at + 8].try_into().unwrap())
        }

        fn string(&self, address: u64) -> &[u8] {
            self.bytes[index(address - self.stack_pointer)..].split(|&byte| byte == 0).next().unwrap()
        }

        /// The strings of the list of pointers at `address`, and the address behind its end.
        fn strings(&self, mut address: u64) -> (Vec<&[u8]>, u64) {
            let mut strings = Vec::new();
            while self.word(address) != 0 {
                strings.push(self.string(self.word(address)));
                address += WORD;
            }
            (strings, address + WORD)
        }

        fn auxiliary_value(&self, key: u64) -> u64 {
            let mut keys = self.auxiliary.clone().step_by(16);
            self.word(keys.find(|&at| self.word(at) == key).unwrap() + WORD)
        }
    }

    #[test]
    fn the_top_of_the_stack_is_as_on_linux() {
        let image = contents(&[b"x", b"-y"], &[b"A=1"]).build(TOP, LIMIT).unwrap();
        assert!(image.bytes.ends_with(b"x\0-y\0A=1\0/bin/x\0\0\0\0\0\0\0\0\0"));
        assert_eq!(image.stack_pointer + image.bytes.len() as u64, TOP);
        assert_eq!(image.environment.end, image.auxiliary_value(AT_EXECFN));
        assert_eq!(image.arguments.end, image.environment.start);
        assert_eq!(image.string(image.auxiliary_value(AT_PLATFORM)), b"x86_64");
        let random = image.auxiliary_value(AT_RANDOM);
        assert_eq!(random % 16, 9, "below the platform's name, as Linux has it");
        assert_eq!((image.word(random), image.auxiliary_value(6)), (u64::from_le_bytes([7; 8]), 4096));
    }

    #[test]
    fn a_program_without_arguments_gets_an_empty_one() {
        let image = contents(&[], &[]).build(TOP, LIMIT).unwrap();
        assert_eq!(image.word(image.stack_pointer), 1);
        assert_eq!(image.strings(image.stack_pointer + WORD).0, [b""]);
    }

    #[test]
    fn one_string_may_have_128_kib_with_its_nul() {
        let long = vec![b'a'; 131_072];
        assert_eq!(contents(&[&long], &[]).build(TOP, LIMIT), Err(TooBig));
        assert!(contents(&[&long[1..]], &[]).build(TOP, LIMIT).is_ok());
    }

    #[test]
    fn a_quarter_of_the_limit_but_never_less_than_128_kib_nor_more_than_6_mib_is_room() {
        let string = &vec![b'a'; 1023][..];
        let fits = |count: usize, limit| contents(&vec![string; count], &[]).build(TOP, limit).is_ok();
        for (room, limit) in [(131_072, 0), (2 << 20, 8 << 20), (6 << 20, u64::MAX)] {
            let count = (room - 7) / (1024 + 8);
            assert!(fits(count, limit) && !fits(count + 1, limit), "{room}");
        }
    }

    #[test]
    fn a_top_that_leaves_no_room_is_an_error() {
        assert_eq!(contents(&[b"x"], &[]).build(64, LIMIT), Err(TooBig));
    }

    proptest! {
        #[test]
        fn the_program_finds_what_it_was_given(
            arguments in proptest::collection::vec(proptest::collection::vec(1u8.., 0..40), 1..20),
            environment in proptest::collection::vec(proptest::collection::vec(1u8.., 0..40), 0..20),
        ) {
            let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
            let environment: Vec<&[u8]> = environment.iter().map(Vec::as_slice).collect();
            let image = contents(&arguments, &environment).build(TOP, LIMIT).unwrap();
            prop_assert_eq!(image.stack_pointer % 16, 0);
            prop_assert_eq!(image.word(image.stack_pointer), arguments.len() as u64);
            let (got, next) = image.strings(image.stack_pointer + WORD);
            prop_assert_eq!(got, arguments);
            let (got, next) = image.strings(next);
            prop_assert_eq!(got, environment);
            prop_assert_eq!(next, image.auxiliary.start);
            prop_assert_eq!(image.word(image.auxiliary.end - 16), AT_NULL);
        }
    }
}
