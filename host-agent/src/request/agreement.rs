//! Which buffers an argument can have.

use virtio_ikc::message::{BufferDescriptor, Direction, Operation, Role};
use virtio_ikc::table::ioctl::Shape;
use virtio_ikc::table::{Argument, Call};

use super::parse::Kind;

/// Arguments of a request.
const ARGUMENTS: u8 = 6;

/// Whether what the LWK says about a buffer agrees with what the request is.
pub(super) fn fits(kind: Kind, buffer: &BufferDescriptor, arguments: &[u64; 6]) -> bool {
    if buffer.argument >= ARGUMENTS {
        return false;
    }
    match kind {
        Kind::Call(call) => fits_call(call, buffer, arguments),
        Kind::Operation(operation) => fits_operation(operation, Role(buffer.role), Direction(buffer.direction)),
    }
}

fn fits_call(call: &Call, buffer: &BufferDescriptor, arguments: &[u64; 6]) -> bool {
    let Some(argument) = call.arguments.get(usize::from(buffer.argument)) else { return false };
    let (role, direction) = (Role(buffer.role), Direction(buffer.direction));
    if let Some((wanted, _)) = argument.plain_buffer() {
        return role == Role::WHOLE && direction == wanted;
    }
    match argument {
        Argument::Path | Argument::Text => role == Role::STRING && direction == Direction::IN,
        Argument::VectorIn(_) => role == Role::VECTOR && direction == Direction::IN,
        Argument::VectorOut(_) => role == Role::VECTOR && direction == Direction::OUT,
        Argument::MessageIn => is_message(role, direction, Direction::IN),
        Argument::MessageOut => is_message(role, direction, Direction::OUT),
        other => other.commanded(arguments).is_some_and(|shape| fits_shape(shape, buffer)),
    }
}

/// Whether it is a part of a message whose bytes go as `wanted`; lengths and flags of the header are written in any case.
fn is_message(role: Role, direction: Direction, wanted: Direction) -> bool {
    match role {
        Role::MESSAGE_HEADER => matches!(direction, Direction::IN | Direction::OUT | Direction::IN_OUT),
        Role::MESSAGE_NAME | Role::MESSAGE_CONTROL | Role::VECTOR => direction == wanted,
        _ => false,
    }
}

/// Memory of which nothing is known may be named, to say that it is memory, but not shown.
fn fits_shape(shape: Shape, buffer: &BufferDescriptor) -> bool {
    let direction = Direction(buffer.direction);
    let fits = match shape {
        Shape::Buffer(wanted, _) => direction == wanted,
        Shape::Opaque => buffer.segment_count == 0,
        Shape::None | Shape::Value => false,
    };
    fits && Role(buffer.role) == Role::WHOLE
}

fn fits_operation(operation: Operation, role: Role, direction: Direction) -> bool {
    let wanted = match operation {
        Operation::OPEN_EXECUTABLE | Operation::NAME | Operation::THREAD_NAME => (Role::STRING, Direction::IN),
        Operation::FILE_READ | Operation::FILE_NAME => (Role::WHOLE, Direction::OUT),
        Operation::TRACE | Operation::VIEW | Operation::COMMAND_LINE | Operation::RETURN_SIGNAL => {
            (Role::WHOLE, Direction::IN)
        }
        _ => return false,
    };
    (role, direction) == wanted
}
