//! Which buffers an argument can have.

use virtio_ikc::message::{BufferDescriptor, Direction, Operation, Role};
use virtio_ikc::table::ioctl::Shape;
use virtio_ikc::table::{Argument, Call, fcntl, ioctl};

use super::parse::Kind;

/// Whether what the LWK says about a buffer agrees with what the request is.
pub(super) fn fits(kind: Kind, buffer: &BufferDescriptor, arguments: &[u64; 6]) -> bool {
    let role = Role(buffer.role);
    let direction = Direction(buffer.direction);
    match kind {
        Kind::Call(call) => fits_call(call, buffer.argument, role, direction, arguments),
        Kind::Operation(operation) => fits_operation(operation, buffer.argument, role, direction),
    }
}

fn fits_call(call: &Call, position: u8, role: Role, direction: Direction, arguments: &[u64; 6]) -> bool {
    let Some(argument) = call.arguments.get(usize::from(position)) else { return false };
    if let Some((wanted, _)) = argument.plain_buffer() {
        return role == Role::WHOLE && direction == wanted;
    }
    match argument {
        Argument::Path | Argument::Text => role == Role::STRING && direction == Direction::IN,
        Argument::VectorIn(_) => role == Role::VECTOR && direction == Direction::IN,
        Argument::VectorOut(_) => role == Role::VECTOR && direction == Direction::OUT,
        Argument::MessageIn => is_message(role) && direction == Direction::IN,
        Argument::MessageOut => match role {
            Role::MESSAGE_HEADER => matches!(direction, Direction::OUT | Direction::IN_OUT),
            _ => is_message(role) && direction == Direction::OUT,
        },
        Argument::Ioctl => fits_shape(ioctl::shape(low(arguments[1])), role, direction),
        Argument::Fcntl => fits_shape(fcntl::shape(low(arguments[1])), role, direction),
        _ => false,
    }
}

fn is_message(role: Role) -> bool {
    matches!(role, Role::MESSAGE_NAME | Role::MESSAGE_CONTROL | Role::MESSAGE_HEADER | Role::VECTOR)
}

fn fits_shape(shape: Shape, role: Role, direction: Direction) -> bool {
    matches!(shape, Shape::Buffer(wanted, _) if role == Role::WHOLE && direction == wanted)
}

fn fits_operation(operation: Operation, position: u8, role: Role, direction: Direction) -> bool {
    let wanted = match operation {
        Operation::OPEN_EXECUTABLE | Operation::NAME => (Role::STRING, Direction::IN),
        Operation::FILE_READ => (Role::WHOLE, Direction::OUT),
        Operation::TRACE => (Role::WHOLE, Direction::IN),
        _ => return false,
    };
    position == 0 && (role, direction) == wanted
}

/// The low half of an argument, which is all of it for a request or a command.
const fn low(argument: u64) -> u32 {
    argument as u32
}
