//! sendmsg(2) and recvmsg(2). The header that Linux gets is made here; of the program's own only the lengths and flags
//! are ever written, and nothing of it is believed.

use virtio_ikc::message::{Direction, Role};

use super::copy::{copy_in, copy_out};
use super::frame::Frame;
use super::vectors::Vectors;
use super::{Refusal, descriptors};
use crate::arch::{Argument, Message};
use crate::memory::Taken;
use crate::request::Buffer;

/// Where the lengths and flags lie in a msghdr (recvmsg(2)).
const NAME_LENGTH_OFFSET: usize = 8;
const CONTROL_LENGTH_OFFSET: usize = 40;
const FLAGS_OFFSET: usize = 48;
const HEADER_BYTES: usize = 56;

/// A name or control part in our own memory.
#[derive(Clone, Copy)]
struct Part {
    argument: Argument<'static>,
    length: u64,
    copy: Option<(Buffer, Taken)>,
}

impl Part {
    const NONE: Self = Self { argument: Argument::NULL, length: 0, copy: None };
}

/// sendmsg(2), recvmsg(2).
pub(super) fn execute(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    let request = frame.request;
    if request.buffers().is_empty() {
        // The program's header cannot be accessed at all.
        return super::call::generic(frame);
    }
    frame.place(0, frame.call.arguments[0])?;
    let name = part(frame, request.buffer(1, Role::MESSAGE_NAME).copied())?;
    let control = part(frame, request.buffer(1, Role::MESSAGE_CONTROL).copied())?;
    let sends = i64::from(frame.call.number) == libc::SYS_sendmsg;
    if sends && let Some((_, taken)) = control.copy {
        descriptors::refuse_passing(frame.executor.scratch.bytes(taken))?;
    }
    let vectors = match request.buffer(1, Role::VECTOR).copied() {
        Some(buffer) => Vectors::of(frame, &buffer, buffer.length)?,
        None => Vectors::none(),
    };
    let flags = request.arguments[2];
    let (result, header) = transfer(frame, name, control, &vectors, flags)?;
    if !sends && result >= 0 {
        give_back(frame, name, header.name_length.into())?;
        give_back(frame, control, header.control_length)?;
        write_header(frame, &header)?;
    }
    Ok(result)
}

/// sendto(2) and recvfrom(2) with memory in pieces.
pub(super) fn with_address(frame: &mut Frame<'_, '_>, vectors: &Vectors) -> Result<i64, Refusal> {
    for position in [0, 4, 5] {
        frame.place(position, frame.call.arguments[position])?;
    }
    let receives = i64::from(frame.call.number) == libc::SYS_recvfrom;
    let length = if receives {
        frame.bytes(5).and_then(|bytes| bytes.first_chunk()).map_or(0, |number| u32::from_le_bytes(*number))
    } else {
        frame.low(5)
    };
    let name = Part { argument: frame.arguments[4], length: length.into(), copy: None };
    let flags = frame.request.arguments[3];
    let (result, header) = transfer(frame, name, Part::NONE, vectors, flags)?;
    if receives && result >= 0 {
        if let Some(bytes) = frame.bytes(5).and_then(|bytes| bytes.first_chunk_mut()) {
            *bytes = header.name_length.to_le_bytes();
        }
        frame.copy_back(result)?;
    }
    Ok(result)
}

fn transfer<'memory>(
    frame: &mut Frame<'_, '_>,
    name: Part,
    control: Part,
    vectors: &'memory Vectors,
    flags: u64,
) -> Result<(i64, Message<'memory>), Refusal> {
    let vectors = vectors.at_once().ok_or(Refusal::Errno(libc::EMSGSIZE))?;
    let mut header = [Message {
        name: name.argument,
        name_length: u32::try_from(name.length).unwrap_or(u32::MAX),
        padding: 0,
        vectors: Argument::own_shared(vectors),
        vector_count: vectors.len() as u64,
        control: control.argument,
        control_length: control.length,
        flags: 0,
        tail: 0,
    }];
    let number = match i64::from(frame.call.number) {
        libc::SYS_sendmsg | libc::SYS_sendto => libc::SYS_sendmsg,
        _ => libc::SYS_recvmsg,
    };
    let [descriptor, ..] = frame.arguments;
    let message = Argument::own(&mut header);
    let arguments = [descriptor, message, Argument::number(flags), Argument::NULL, Argument::NULL, Argument::NULL];
    let result = frame.executor.turn.call_as(frame.call, number, arguments);
    Ok((result, header[0]))
}

/// Lays a name or control part into our own memory.
fn part(frame: &mut Frame<'_, '_>, buffer: Option<Buffer>) -> Result<Part, Refusal> {
    let Some(buffer) = buffer else { return Ok(Part::NONE) };
    if buffer.segment_count == 0 {
        let argument = if buffer.length == 0 { Argument::NULL } else { Argument::faulting() };
        return Ok(Part { argument, length: buffer.length, copy: None });
    }
    let length = usize::try_from(buffer.accessible).map_err(|_| Refusal::Errno(libc::ENOBUFS))?;
    let scratch = &mut frame.executor.scratch;
    let whole = buffer.accessible == buffer.length;
    let taken = if whole { scratch.bounce(length) } else { scratch.edge(length) };
    let taken = taken.ok_or(Refusal::Errno(libc::ENOBUFS))?;
    copy_in(frame.executor.proxy.memory, frame.request, &buffer, scratch.bytes(taken))?;
    let argument = Argument::scratch(taken);
    Ok(Part { argument, length: buffer.length, copy: Some((buffer, taken)) })
}

/// Copies the first `length` bytes of a part back.
fn give_back(frame: &mut Frame<'_, '_>, part: Part, length: u64) -> Result<(), Refusal> {
    let Some((buffer, taken)) = part.copy else { return Ok(()) };
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(taken.length());
    let bytes = &frame.executor.scratch.bytes(taken)[..length];
    copy_out(frame.executor.proxy.memory, frame.request, &buffer, bytes)
}

/// Writes what recvmsg(2) changes in the program's header: lengths and flags.
fn write_header(frame: &mut Frame<'_, '_>, message: &Message) -> Result<(), Refusal> {
    let Some(buffer) = frame.request.buffer(1, Role::MESSAGE_HEADER).copied() else { return Ok(()) };
    if buffer.direction == Direction::IN || buffer.accessible < HEADER_BYTES as u64 {
        return Ok(());
    }
    let mut header = [0; HEADER_BYTES];
    frame.executor.copy_in(frame.request, &buffer, &mut header)?;
    header[NAME_LENGTH_OFFSET..][..4].copy_from_slice(&message.name_length.to_le_bytes());
    header[CONTROL_LENGTH_OFFSET..][..8].copy_from_slice(&message.control_length.to_le_bytes());
    header[FLAGS_OFFSET..][..4].copy_from_slice(&message.flags.to_le_bytes());
    frame.executor.copy_out(frame.request, &buffer, &header)
}
