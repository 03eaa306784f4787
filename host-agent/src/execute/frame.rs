//! The arguments of one system call and the memory behind them.
//!
//! A buffer that lies in one piece and is as long as Linux may look is handed to Linux where it is. Everything else goes
//! through memory of our own: pieces, buffers that end where the program may not access (so that Linux meets the
//! same border), numbers that Linux takes for lengths (so that the guest cannot change them behind the check).

use virtio_ikc::layout::PROGRAM_END;
use virtio_ikc::message::{Direction, Role};
use virtio_ikc::table::ioctl::{LOWEST_ADDRESS, Shape};
use virtio_ikc::table::{Argument as Kind, Call, Size};

use super::copy::{copy_in, copy_out, host_run};
use super::{Executor, Refusal, paths};
use crate::arch::Argument;
use crate::int::low;
use crate::memory::Taken;
use crate::own_descriptors::is_own;
use crate::request::{Buffer, Needed, Parsed};

/// The most of a buffer that is copied. No call but those of `bulk.rs` moves more.
const LONGEST_BOUNCE: u64 = 16 << 20;

/// Above every pid (`/proc/sys/kernel/pid_max` is at most 2^22, proc(5)).
const NOBODY: u64 = 0x7fff_ffff;

/// A buffer that lies in our own memory while the call runs.
#[derive(Clone, Copy, Debug)]
struct Bounced {
    buffer: Buffer,
    taken: Taken,
    /// Whether the call's result is the number of bytes that it wrote here.
    counted: bool,
}

/// One system call in the making.
#[derive(Debug)]
pub(super) struct Frame<'a, 'copy> {
    pub(super) executor: &'a mut Executor,
    pub(super) request: &'a Parsed<'copy>,
    pub(super) call: &'static Call,
    /// What Linux gets.
    pub(super) arguments: [Argument<'static>; 6],
    /// What the reply says beside the result.
    pub(super) values: [u64; 4],
    bounced: [Option<Bounced>; 6],
}

impl<'a, 'copy> Frame<'a, 'copy> {
    pub(super) fn new(executor: &'a mut Executor, call: &'static Call, request: &'a Parsed<'copy>) -> Self {
        Self { executor, request, call, arguments: [Argument::NULL; 6], values: [0; 4], bounced: [None; 6] }
    }

    /// Makes all arguments that the row describes.
    pub(super) fn place_all(&mut self) -> Result<(), Refusal> {
        for (position, kind) in self.call.arguments.iter().enumerate() {
            self.place(position, *kind)?;
        }
        Ok(())
    }

    /// Makes all arguments but one.
    pub(super) fn place_all_but(&mut self, other: usize) -> Result<(), Refusal> {
        for (position, kind) in self.call.arguments.iter().enumerate().filter(|(position, _)| *position != other) {
            self.place(position, *kind)?;
        }
        Ok(())
    }

    /// Makes one argument.
    pub(super) fn place(&mut self, position: usize, kind: Kind) -> Result<(), Refusal> {
        if self.bounced[position].is_some() {
            return Ok(());
        }
        let raw = self.request.arguments[position];
        self.arguments[position] = match kind {
            Kind::Fd | Kind::DirFd => programs(raw)?,
            Kind::Path | Kind::Text => self.string(position, kind == Kind::Path)?,
            Kind::In(size) | Kind::Out(size) | Kind::InOut(size) => self.sized(position, size)?,
            Kind::Ioctl | Kind::Fcntl | Kind::SemaphoreControl | Kind::QueueControl => {
                let shape = kind.commanded(&self.request.arguments);
                self.shaped(position, shape.unwrap_or(Shape::Opaque))?
            }
            Kind::WaitMask(_) | Kind::WaitMaskPair => Argument::NULL,
            Kind::VectorIn(_) | Kind::VectorOut(_) | Kind::MessageIn | Kind::MessageOut => self.absent(position),
            Kind::MessagesIn(_) | Kind::MessagesOut(_) => return Err(Refusal::Errno(libc::ENOSYS)),
            Kind::Address => return Err(Refusal::Errno(libc::EFAULT)),
            Kind::Int | Kind::Long | Kind::Hex | Kind::Mode | Kind::Named(_) | Kind::Signal | Kind::Unused => {
                Argument::number(raw)
            }
            // What may be a pidfd as well, and is answered alike for threads and for nobody.
            Kind::Pid if i64::from(self.call.number) == libc::SYS_waitid => Argument::number(raw),
            Kind::Pid => self.pid(raw),
        };
        Ok(())
    }

    /// A pid or a tid; for one that the program knows nothing of, one that nobody has.
    pub(super) fn pid(&self, raw: u64) -> Argument<'static> {
        let is_hidden = self.executor.proxy.hides_thread(low(raw));
        Argument::number(if is_hidden { NOBODY } else { raw })
    }

    /// The low half of argument `position`.
    pub(super) fn low(&self, position: usize) -> u32 {
        low(self.request.arguments[position])
    }

    /// Our own copy of the buffer at `position`, if it lies there.
    pub(super) fn bytes(&mut self, position: usize) -> Option<&mut [u8]> {
        let taken = self.bounced[position]?.taken;
        Some(self.executor.scratch.bytes(taken))
    }

    /// Executes the call and copies back what Linux wrote.
    pub(super) fn run(&mut self) -> Result<i64, Refusal> {
        let result = self.execute();
        self.copy_back(result)?;
        Ok(result)
    }

    /// Executes the call.
    pub(super) fn execute(&mut self) -> i64 {
        self.executor.turn.call(self.call, self.arguments)
    }

    /// Copies back what Linux wrote into our own memory.
    pub(super) fn copy_back(&mut self, result: i64) -> Result<(), Refusal> {
        for bounced in self.bounced.into_iter().flatten().filter(|bounced| bounced.buffer.direction.is_out()) {
            let mut length = bounced.taken.length();
            if bounced.counted && result > 0 {
                length = length.min(usize::try_from(result).unwrap_or(usize::MAX));
            }
            let memory = &self.executor.proxy.memory;
            let bytes = &self.executor.scratch.bytes(bounced.taken)[..length];
            copy_out(memory, self.request, &bounced.buffer, bytes)?;
        }
        Ok(())
    }

    /// Lays the buffer at `position` into our own memory, at most the `needed` bytes of it that Linux looks at.
    pub(super) fn bounce(
        &mut self,
        position: usize,
        buffer: &Buffer,
        needed: u64,
    ) -> Result<Argument<'static>, Refusal> {
        let shown = buffer.accessible.min(needed).min(LONGEST_BOUNCE);
        let length = usize::try_from(shown).map_err(|_| Refusal::Errno(libc::ENOMEM))?;
        let scratch = &mut self.executor.scratch;
        let taken = if shown < needed { scratch.edge(length) } else { scratch.bounce(length) };
        let taken = taken.ok_or(Refusal::Errno(libc::ENOMEM))?;
        // What Linux leaves alone must come back as it was.
        copy_in(self.executor.proxy.memory, self.request, buffer, scratch.bytes(taken))?;
        let argument = Argument::scratch(taken);
        let counted = buffer.direction == Direction::OUT && self.is_counted(position);
        self.bounced[position] = Some(Bounced { buffer: *buffer, taken, counted });
        Ok(argument)
    }

    /// A buffer of which Linux may look at `needed` bytes.
    pub(super) fn memory(&mut self, position: usize, needed: u64) -> Result<Argument<'static>, Refusal> {
        let Some(buffer) = self.request.buffer(position, Role::WHOLE).copied() else {
            return Ok(self.absent(position));
        };
        if buffer.segment_count == 0 {
            return Ok(self.unreachable(position));
        }
        if buffer.segment_count > 1 || buffer.accessible < needed {
            return self.bounce(position, &buffer, needed);
        }
        let Some(segment) = self.request.segments(&buffer).next() else { return Ok(Argument::faulting()) };
        Ok(Argument::partition(host_run(self.executor.proxy.memory, segment)?))
    }

    /// What Linux gets for a pointer that has no buffer.
    pub(super) fn absent(&self, position: usize) -> Argument<'static> {
        if self.request.arguments[position] == 0 { Argument::NULL } else { self.unreachable(position) }
    }

    /// What Linux gets for memory of which the program can reach nothing: an address that is refused at once if the
    /// program's own was beyond all programs, and one that faults on access if not.
    fn unreachable(&self, position: usize) -> Argument<'static> {
        let is_beyond = self.request.arguments[position] >= PROGRAM_END;
        if is_beyond { Argument::beyond_programs() } else { Argument::faulting() }
    }

    fn sized(&mut self, position: usize, size: Size) -> Result<Argument<'static>, Refusal> {
        let needed = match Needed::of(self.call, size, &self.request.arguments) {
            Needed::Bytes(bytes) => bytes,
            Needed::Pointed(length) => self.pointed(usize::from(length))?,
        };
        if self.is_length(position) {
            return self.always_bounced(position, needed);
        }
        self.memory(position, needed)
    }

    /// The number that argument `position` points to, in our own copy of it.
    fn pointed(&mut self, position: usize) -> Result<u64, Refusal> {
        if self.bounced[position].is_none() {
            self.arguments[position] = self.always_bounced(position, 4)?;
        }
        let number = self.bytes(position).and_then(|bytes| bytes.first_chunk());
        Ok(number.map_or(0, |number| u32::from_le_bytes(*number).into()))
    }

    fn always_bounced(&mut self, position: usize, needed: u64) -> Result<Argument<'static>, Refusal> {
        match self.request.buffer(position, Role::WHOLE).copied() {
            Some(buffer) if buffer.segment_count > 0 => self.bounce(position, &buffer, needed),
            Some(_) => Ok(self.unreachable(position)),
            None => Ok(self.absent(position)),
        }
    }

    /// Whether another argument's size is the number that this one points to.
    fn is_length(&self, position: usize) -> bool {
        let depends = |kind: &Kind| matches!(kind.plain_buffer(), Some((_, Size::Pointed(length))) if usize::from(length) == position);
        self.call.arguments.iter().any(depends)
    }

    /// Whether the call answers how many bytes it wrote there.
    fn is_counted(&self, position: usize) -> bool {
        matches!(self.call.arguments[position], Kind::Out(Size::Argument(_)))
    }

    fn string(&mut self, position: usize, is_path: bool) -> Result<Argument<'static>, Refusal> {
        let Some(buffer) = self.request.buffer(position, Role::STRING).copied() else {
            return Ok(self.absent(position));
        };
        if buffer.accessible < buffer.length {
            return Ok(Argument::faulting());
        }
        paths::string(self.executor, self.request, &buffer, is_path.then_some(self.call))
    }

    fn shaped(&mut self, position: usize, shape: Shape) -> Result<Argument<'static>, Refusal> {
        let raw = self.request.arguments[position];
        match shape {
            Shape::None => Ok(Argument::NULL),
            Shape::Value => Ok(Argument::number(raw)),
            Shape::Buffer(_, needed) => self.memory(position, needed.into()),
            Shape::Opaque if raw < LOWEST_ADDRESS => Ok(Argument::number(raw)),
            Shape::Opaque => Ok(Argument::faulting()),
        }
    }
}

/// A descriptor that is the program's to use.
pub(super) fn programs(raw: u64) -> Result<Argument<'static>, Refusal> {
    if is_own(raw) { Err(Refusal::Errno(libc::EBADF)) } else { Ok(Argument::number(raw)) }
}
