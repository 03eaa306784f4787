//! Numbers out of captured memory; what lies past its end is read as 0.

/// The `N` bytes from `offset` on.
pub(super) fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    let end = offset.saturating_add(N);
    bytes.get(offset..end).and_then(|found| found.try_into().ok()).unwrap_or([0; N])
}

pub(super) fn u16_at(bytes: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes(array_at(bytes, offset))
}

pub(super) fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, offset))
}

pub(super) fn i32_at(bytes: &[u8], offset: usize) -> i32 {
    i32::from_le_bytes(array_at(bytes, offset))
}

pub(super) fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, offset))
}

pub(super) fn i64_at(bytes: &[u8], offset: usize) -> i64 {
    i64::from_le_bytes(array_at(bytes, offset))
}

/// A port or other 16-bit number in network order.
pub(super) fn network_u16_at(bytes: &[u8], offset: usize) -> u16 {
    u16::from_be_bytes(array_at(bytes, offset))
}

/// Up to the first NUL, or all.
pub(super) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The low half of an argument, as Linux takes an `int`.
pub(super) fn low_int(argument: u64) -> i32 {
    i32_at(&argument.to_le_bytes(), 0)
}

/// The low half of an argument, as Linux takes an `unsigned int`.
pub(super) fn low_half(argument: u64) -> u32 {
    u32_at(&argument.to_le_bytes(), 0)
}
