//! What KVM counts for a vCPU, exits that never reach the VMM among it (Documentation/virt/kvm/api.rst, 4.133, `KVM_GET_STATS_FD`).
//!
//! The file begins with a header: flags, length of names, number of descriptors, and the offsets of the id, the
//! descriptors and the values. A descriptor is flags (4 bytes), an exponent (2), a size (2), the value's offset (4), a
//! bucket's size (4) and the name.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::Kind;
use super::series::Reading;

/// Larger than any kernel's.
const MOST_BYTES: usize = 64 << 10;
const DESCRIPTOR_BYTES: usize = 16;
/// The bits of a descriptor's flags for its type and its unit, which are zero for a count that only rises.
const TYPE_AND_UNIT: u32 = 0xff;

/// All counts of events.
pub(super) fn read(file: &File) -> Vec<Reading> {
    let mut bytes = vec![0; MOST_BYTES];
    let length = file.read_at(&mut bytes, 0).unwrap_or(0);
    parse(&bytes[..length])
}

fn parse(bytes: &[u8]) -> Vec<Reading> {
    let header = |index: usize| word(bytes, index * 4).and_then(|value| usize::try_from(value).ok()).unwrap_or(0);
    let (name_bytes, count, descriptors, values) = (header(1), header(2), header(4), header(5));
    let size = DESCRIPTOR_BYTES + name_bytes;
    (0..count.min(bytes.len() / size))
        .filter_map(|index| parse_one(bytes, descriptors + index * size, size, values))
        .collect()
}

fn parse_one(bytes: &[u8], place: usize, size: usize, values: usize) -> Option<Reading> {
    let descriptor = bytes.get(place..place + size)?;
    let is_count = word(descriptor, 0)? & TYPE_AND_UNIT == 0;
    let offset = values + usize::try_from(word(descriptor, 8)?).ok()?;
    let value = u64::from_le_bytes(bytes.get(offset..offset + 8)?.try_into().ok()?);
    let name = descriptor[DESCRIPTOR_BYTES..].split(|byte| *byte == 0).next()?;
    is_count.then(|| (Kind::Kvm, String::from_utf8_lossy(name).into_owned(), value))
}

fn word(bytes: &[u8], place: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(place..place + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Vec<u8> {
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        let mut bytes = words(&[0, 8, 2, 24, 24, 72]);
        for (flags, offset, name) in [(0, 8, b"exits\0\0\0"), (0x20, 0, b"wait_ns\0")] {
            bytes.extend(words(&[flags, 1 << 16, offset, 0]));
            bytes.extend(name);
        }
        bytes.extend([7_u64, 42].iter().flat_map(|value| value.to_le_bytes()));
        bytes
    }

    #[test]
    fn counts_are_read_and_times_left_out() {
        assert_eq!(parse(&file()), [(Kind::Kvm, "exits".to_owned(), 42)]);
    }

    #[test]
    fn what_is_cut_off_has_fewer_counts() {
        for length in 0..file().len() {
            assert!(parse(&file()[..length]).len() <= 1);
        }
    }
}
