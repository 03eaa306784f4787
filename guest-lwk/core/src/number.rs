//! Conversions that are exact on every machine the LWK runs on.

const _: () = assert!(size_of::<usize>() == size_of::<u64>());

/// A 64-bit number as an index.
#[expect(clippy::cast_possible_truncation, reason = "usize has 64 bits, asserted above")]
pub(crate) const fn index(number: u64) -> usize {
    number as usize
}
