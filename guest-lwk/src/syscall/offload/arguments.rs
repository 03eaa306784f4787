//! The marshaller: walks a row of the table and turns pointers into buffers.

use virtio_ikc::message::Direction;
use virtio_ikc::table::ioctl::{LOWEST_ADDRESS, Shape};
use virtio_ikc::table::{Argument, Call, Size};

use super::{buffer, message, vector};
use crate::errno::Errno;
use crate::ikc::request::Draft;
use crate::memory::space::AddressSpace;
use crate::process::thread::Thread;

/// Adds to `draft`, which has the arguments of `call`, the memory that they point to.
pub fn marshal(thread: &Thread, call: &Call, draft: &mut Draft) -> Result<(), Errno> {
    let arguments = draft.raw_arguments();
    if call.arguments.iter().all(|kind| kind.is_number()) {
        return Ok(());
    }
    let mut space = thread.process().space.lock();
    for (position, kind) in (0_u8..).zip(call.arguments) {
        add(&mut space, draft, position, *kind, &arguments)?;
    }
    Ok(())
}

fn add(
    space: &mut AddressSpace,
    draft: &mut Draft,
    position: u8,
    kind: Argument,
    arguments: &[u64; 6],
) -> Result<(), Errno> {
    let value = arguments[usize::from(position)];
    match kind {
        Argument::Path | Argument::Text => buffer::add_string(space, draft, position, value),
        Argument::In(size) | Argument::Out(size) | Argument::InOut(size) => {
            let Some((direction, _)) = kind.plain_buffer() else { return Ok(()) };
            let length = length(space, size, arguments);
            buffer::add(space, draft, position, direction, value, length, shortened_by(size));
        }
        Argument::VectorIn(count) => {
            vector::add(space, draft, position, Direction::IN, value, arguments[usize::from(count)])?;
        }
        Argument::VectorOut(count) => {
            vector::add(space, draft, position, Direction::OUT, value, arguments[usize::from(count)])?;
        }
        Argument::MessageIn => message::add(space, draft, position, Direction::IN, value)?,
        Argument::MessageOut => message::add(space, draft, position, Direction::OUT, value)?,
        other => {
            if let Some(shape) = other.commanded(arguments) {
                add_shape(space, draft, position, shape, value);
            }
        }
    }
    Ok(())
}

fn add_shape(space: &mut AddressSpace, draft: &mut Draft, position: u8, shape: Shape, value: u64) {
    match shape {
        Shape::Buffer(direction, size) => buffer::add(space, draft, position, direction, value, u64::from(size), None),
        Shape::Opaque if value >= LOWEST_ADDRESS => buffer::add_unreachable(draft, position),
        Shape::Opaque | Shape::None | Shape::Value => {}
    }
}

/// The argument that can say less when memory is in too many pieces: a plain count of bytes.
fn shortened_by(size: Size) -> Option<u8> {
    match size {
        Size::Argument(position) => Some(position),
        _ => None,
    }
}

/// How many bytes a pointer argument points to.
fn length(space: &mut AddressSpace, size: Size, arguments: &[u64; 6]) -> u64 {
    let argument = |position: u8| arguments[usize::from(position)];
    match size {
        Size::Fixed(bytes) => u64::from(bytes),
        Size::Argument(position) => argument(position),
        Size::Elements(position, bytes) => (argument(position) & 0xffff_ffff).saturating_mul(u64::from(bytes)),
        Size::Behind(position, before) => argument(position).saturating_add(u64::from(before)),
        Size::BitSet(position) => {
            let bits = argument(position);
            let bits = if bits > i32::MAX as u64 { 0 } else { bits };
            bits.div_ceil(64) * 8
        }
        Size::Pointed(position) => {
            let length: u32 = space.read(argument(position)).unwrap_or(0);
            if length > i32::MAX as u32 { 0 } else { u64::from(length) }
        }
    }
}
