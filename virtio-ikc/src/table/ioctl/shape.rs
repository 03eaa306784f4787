//! From a request's number to its argument.

use super::requests::REQUESTS;
use crate::message::Direction;

/// What an argument is whose meaning another argument decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Nothing; whatever is there is ignored.
    None,
    /// A number.
    Value,
    /// Memory of this many bytes.
    Buffer(Direction, u32),
    /// Not known. A number below [`LOWEST_ADDRESS`] is handed on as it is; Linux is given an address that faults in
    /// place of any other, so that it still decides between ENOTTY, EINVAL and EFAULT.
    Opaque,
}

/// Below this number no process maps anything (the default of `vm.mmap_min_addr`, proc(5)).
pub const LOWEST_ADDRESS: u64 = 65_536;

/// Families (`_IOC_TYPE`) and the numbers in them, up to the given one, that name plain memory by direction and size.
const PLAIN_FAMILIES: &[(u8, u8)] = &[
    (b'T', 0x7f), // terminals; network tunnels begin at 200
    (b'=', 0xff), // PTP clocks
    (b'W', 0xff), // watchdogs
    (b'j', 0xff), // joysticks
    (0xb4, 0xff), // GPIO lines
];

/// What `request` makes of its argument.
#[must_use]
pub fn shape(request: u32) -> Shape {
    if let Ok(place) = REQUESTS.binary_search_by_key(&request, |known| known.0) {
        return REQUESTS[place].2;
    }
    let [number, family, ..] = request.to_le_bytes();
    let plain = PLAIN_FAMILIES.iter().any(|&(plain, last)| plain == family && number <= last);
    match encoded(request) {
        Some((direction, size)) if plain => Shape::Buffer(direction, size),
        _ => Shape::Opaque,
    }
}

/// The name of `request`, if it is a listed one.
#[must_use]
pub fn name(request: u32) -> Option<&'static str> {
    let place = REQUESTS.binary_search_by_key(&request, |known| known.0).ok()?;
    Some(REQUESTS[place].1)
}

/// The direction and size that a request's number tells, if it tells them (`_IOC_DIR`, `_IOC_SIZE`). "Read" there is
/// the program's view: Linux writes.
fn encoded(request: u32) -> Option<(Direction, u32)> {
    let size = request >> 16 & 0x3fff;
    let direction = match request >> 30 {
        1 => Direction::IN,
        2 => Direction::OUT,
        3 => Direction::IN_OUT,
        _ => return None,
    };
    (size > 0).then_some((direction, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_requests_ascend() {
        assert!(REQUESTS.is_sorted_by(|one, next| one.0 < next.0));
    }

    #[test]
    fn a_terminal_request_is_known_by_number_or_by_size() {
        assert_eq!(shape(0x5401), Shape::Buffer(Direction::OUT, 36));
        assert_eq!(shape(0x5413), Shape::Buffer(Direction::OUT, 8));
        assert_eq!(shape(0x802c_542a), Shape::Buffer(Direction::OUT, 44));
        assert_eq!(shape(0x8004_5430), Shape::Buffer(Direction::OUT, 4));
        assert_eq!(shape(0x4004_5431), Shape::Buffer(Direction::IN, 4));
    }

    #[test]
    fn a_size_that_the_number_gets_wrong_is_corrected() {
        assert_eq!(shape(0x8008_6601), Shape::Buffer(Direction::OUT, 4));
        assert_eq!(shape(0x4004_9409), Shape::Value);
        assert_eq!(shape(0x4004_54ca), Shape::Buffer(Direction::IN_OUT, 40));
    }

    #[test]
    fn memory_that_runs_on_or_points_elsewhere_is_not_handed_on() {
        let fiemap = 0xc020_660b;
        let interfaces = 0x8912;
        let ethtool = 0x8946;
        let graphics_version = 0xc040_6400;
        for request in [fiemap, interfaces, ethtool, graphics_version] {
            assert_eq!(shape(request), Shape::Opaque, "{request:#x}");
        }
    }

    #[test]
    fn a_request_without_size_is_not_taken_for_memory() {
        assert_eq!(shape(0x5400 | 0x7e), Shape::Opaque);
        assert_eq!(shape(0x4000_547e), Shape::Opaque);
    }
}
