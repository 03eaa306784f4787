//! execve(2): from a path to a program that can be entered.

use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;

use lwk_core::script;
use virtio_ikc::message::{Operation, Role};

use super::loader::{self, Image};
use crate::arch::context::Context;
use crate::arch::{current, direct_map, time};
use crate::errno::{Errno, from_register};
use crate::ikc::request::{self, Draft};
use crate::memory::file;
use crate::memory::space::AddressSpace;
use crate::views;

/// How much of an executable is read to find out what it is.
const HEAD_BYTES: usize = 4096;
/// Bytes of a script's first line that count (execve(2), "Interpreter scripts").
const SCRIPT_BYTES: usize = 256;
/// How often an interpreter may be a script itself.
const MAX_NESTING: usize = 5;

/// What names an executable (execveat(2)).
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Directory descriptor.
    pub directory: u64,
    /// Path.
    pub path: &'a [u8],
    /// AT_* flags.
    pub flags: u64,
}

impl<'a> Place<'a> {
    /// `path` from the working directory.
    pub fn here(path: &'a [u8]) -> Self {
        Self { directory: i64::from(linux_raw_sys::general::AT_FDCWD).cast_unsigned(), path, flags: 0 }
    }
}

/// An executable that Linux has opened for us.
pub struct Executable {
    handle: u64,
    size: u64,
    identity: (u64, u64),
    head: Vec<u8>,
    kept: Cell<bool>,
}

impl Executable {
    /// Opens the executable at `place`, with the checks of execve(2).
    pub fn open(place: Place<'_>) -> Result<Self, Errno> {
        let path = place.path.to_vec();
        let mut draft = Draft::operation(Operation::OPEN_EXECUTABLE);
        draft.arguments([place.directory, 0, place.flags, 0, 0, 0]);
        draft.input(1, Role::STRING, &path);
        let reply = request::send(draft);
        let handle = from_register(reply.result)?;
        let (size, identity) = (reply.values[0], (0, reply.values[2]));
        let mut opened = Self { handle, size, identity, head: Vec::new(), kept: Cell::new(false) };
        opened.head = opened.read(0, (HEAD_BYTES as u64).min(opened.size))?;
        Ok(opened)
    }

    /// The agent's name for it.
    pub fn handle(&self) -> u64 {
        self.handle
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its first bytes.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Leaves the file open: mappings of `space` use it from now on, and it is given back with them.
    pub fn keep_for(&self, space: &mut AddressSpace) {
        space.files.remember(self.handle, self.size, self.identity);
        self.kept.set(true);
    }

    /// `length` bytes from `offset`; fewer are an error (EIO).
    pub fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>, Errno> {
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| Errno::ENOMEM)?];
        if bytes.is_empty() {
            return Ok(bytes);
        }
        let place = direct_map::physical_of(bytes.as_slice());
        let (count, _) = file::read(self.handle, offset, place, length)?;
        bytes.truncate(usize::try_from(count).unwrap_or(0));
        if count < length { Err(Errno::EIO) } else { Ok(bytes) }
    }
}

impl Drop for Executable {
    fn drop(&mut self) {
        if !self.kept.get() {
            file::release_handle(self.handle);
        }
    }
}

/// A small generator of unpredictable numbers (`SplitMix64` over the host's random bytes).
pub struct Seed {
    state: u64,
    /// Addresses are not random (personality(2), `ADDR_NO_RANDOMIZE`).
    still: bool,
}

impl Seed {
    /// Seeded by the host's `bytes` and the time.
    pub fn new(bytes: &[u8; 32]) -> Self {
        let mut state = time::ticks();
        for chunk in bytes.chunks_exact(8) {
            state =
                (state ^ u64::from_le_bytes(chunk.try_into().unwrap_or_default())).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        Self { state, still: false }
    }

    /// The same for a program whose addresses shall be the same each time.
    pub fn keep_still(&mut self) {
        self.still = true;
    }

    /// The next number for an address.
    pub fn shift(&mut self) -> u64 {
        if self.still { 0 } else { self.next() }
    }

    /// The next number.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Sixteen bytes.
    pub fn bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_le_bytes());
        bytes[8..].copy_from_slice(&self.next().to_le_bytes());
        bytes
    }
}

/// A program that has been loaded.
pub struct Loaded {
    /// The registers to start with.
    pub context: Context,
    /// The agent's name for the file: the program, or the interpreter of the script that it is.
    pub handle: u64,
}

/// Loads the program at `place` into `space`; scripts run their interpreters, which find them as `script_name`.
pub fn execute(
    space: &mut AddressSpace,
    place: Place<'_>,
    script_name: &[u8],
    arguments: Vec<Vec<u8>>,
    environment: &[Vec<u8>],
    seed: &mut Seed,
) -> Result<Loaded, Errno> {
    let mut arguments = arguments;
    let mut file = Executable::open(place)?;
    let mut script_path = script_name.to_vec();
    for _ in 0..MAX_NESTING {
        let line = &file.head()[..file.head().len().min(SCRIPT_BYTES)];
        let Some(script) = script::parse(line) else {
            let image = Image { file: &file, arguments: &arguments, environment, path: script_name };
            let context = loader::load(space, &image, seed)?;
            space.program.executable = Some(file.handle());
            return Ok(Loaded { context, handle: file.handle() });
        };
        let interpreter = script.interpreter.to_vec();
        let mut replaced = vec![interpreter.clone()];
        replaced.extend(script.argument.map(<[u8]>::to_vec));
        replaced.push(script_path);
        replaced.extend(arguments.into_iter().skip(1));
        arguments = replaced;
        script_path = interpreter;
        file = Executable::open(Place::here(&script_path))?;
    }
    Err(Errno::ELOOP)
}

/// Tells the proxy the name and the arguments of the program at `path`, whose file is `handle`, and whether it `replaces` another.
pub fn announce(path: &[u8], handle: u64, replaces: bool) {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path).to_vec();
    let mut draft = Draft::operation(Operation::NAME);
    draft.arguments([handle, u64::from(replaces), 0, 0, 0, 0]);
    draft.input(2, Role::STRING, &name);
    request::send(draft);
    // It is for people to read; a host that cannot show it does without.
    let arguments = views::shown_command_line(current::thread().process());
    let mut draft = Draft::operation(Operation::COMMAND_LINE);
    draft.input(0, Role::WHOLE, &arguments);
    request::send(draft);
}
