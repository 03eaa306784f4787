//! execve(2): from a path to a program that can be entered.

use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;

use lwk_core::script;
use virtio_ikc::message::{Operation, Role, Segment};

use super::loader::{self, Image};
use crate::arch::context::Context;
use crate::arch::{direct_map, time};
use crate::errno::{Errno, from_register};
use crate::ikc::request::{self, Draft};
use crate::memory::file;
use crate::memory::space::AddressSpace;

/// How much of an executable is read to find out what it is.
const HEAD_BYTES: usize = 4096;
/// Bytes of a script's first line that count (execve(2), "Interpreter scripts").
const SCRIPT_BYTES: usize = 256;
/// How often an interpreter may be a script itself.
const MAX_NESTING: usize = 5;

/// An executable that Linux has opened for us.
pub struct Executable {
    handle: u64,
    size: u64,
    head: Vec<u8>,
    kept: Cell<bool>,
}

impl Executable {
    /// Opens the executable at `path`, with the checks of execve(2).
    pub fn open(path: &[u8]) -> Result<Self, Errno> {
        let path = path.to_vec();
        let mut draft = Draft::operation(Operation::OPEN_EXECUTABLE);
        draft.arguments([i64::from(linux_raw_sys::general::AT_FDCWD).cast_unsigned(), 0, 0, 0, 0, 0]);
        draft.input(1, Role::STRING, &path);
        let reply = request::send(draft);
        let handle = from_register(reply.result)?;
        file::remember(handle, reply.values[0]);
        let mut opened = Self { handle, size: reply.values[0], head: Vec::new(), kept: Cell::new(false) };
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

    /// Leaves the file open: mappings use it from now on.
    pub fn keep(&self) {
        self.kept.set(true);
    }

    /// `length` bytes from `offset`; fewer are an error (EIO).
    pub fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>, Errno> {
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| Errno::ENOMEM)?];
        if bytes.is_empty() {
            return Ok(bytes);
        }
        let place = direct_map::physical_of(bytes.as_slice());
        let count = file::read(self.handle, offset, place, length)?;
        bytes.truncate(usize::try_from(count).unwrap_or(0));
        if count < length { Err(Errno::EIO) } else { Ok(bytes) }
    }
}

impl Drop for Executable {
    fn drop(&mut self) {
        if !self.kept.get() {
            file::release(self.handle);
        }
    }
}

/// A small generator of unpredictable numbers (`SplitMix64` over the host's random bytes).
pub struct Seed(u64);

impl Seed {
    /// Seeded by the host's `bytes` and the time.
    pub fn new(bytes: &[u8; 32]) -> Self {
        let mut state = time::ticks();
        for chunk in bytes.chunks_exact(8) {
            state =
                (state ^ u64::from_le_bytes(chunk.try_into().unwrap_or_default())).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        Self(state)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
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

/// Loads the program at `path` into `space`; scripts run their interpreters. Answers the registers to start with.
pub fn execute(
    space: &mut AddressSpace,
    path: &[u8],
    arguments: Vec<Vec<u8>>,
    environment: &[Vec<u8>],
    seed: &mut Seed,
) -> Result<Context, Errno> {
    let mut arguments = arguments;
    let mut file = Executable::open(path)?;
    let mut script_path = path.to_vec();
    for _ in 0..MAX_NESTING {
        let line = &file.head()[..file.head().len().min(SCRIPT_BYTES)];
        let Some(script) = script::parse(line) else {
            let image = Image { file: &file, arguments: &arguments, environment, path };
            return loader::load(space, &image, seed);
        };
        let interpreter = script.interpreter.to_vec();
        let mut replaced = vec![interpreter.clone()];
        replaced.extend(script.argument.map(<[u8]>::to_vec));
        replaced.push(script_path);
        replaced.extend(arguments.into_iter().skip(1));
        arguments = replaced;
        script_path = interpreter;
        file = Executable::open(&script_path)?;
    }
    Err(Errno::ELOOP)
}

/// Tells the proxy the name of the program at `path`.
pub fn announce(path: &[u8]) {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path).to_vec();
    if name.is_empty() {
        return;
    }
    let segment = Segment { address: direct_map::physical_of(name.as_slice()), length: name.len() as u64 };
    let mut draft = Draft::operation(Operation::NAME);
    draft.buffer(0, Role::STRING, virtio_ikc::message::Direction::IN, name.len() as u64, &[segment]);
    request::send(draft);
}
