//! The last-level cache, which decides over how much memory a bandwidth is measured.

use std::fs;
use std::path::Path;

/// Where nothing is told; more than most have.
const ASSUMED: usize = 64 << 20;

/// Its size in bytes, as sysfs tells it of a CPU.
pub(crate) fn last_level(cpu: usize) -> usize {
    let folder = format!("/sys/devices/system/cpu/cpu{cpu}/cache");
    let sizes = fs::read_dir(Path::new(&folder)).into_iter().flatten().flatten();
    let sizes = sizes.filter_map(|entry| bytes(&fs::read_to_string(entry.path().join("size")).ok()?));
    sizes.max().unwrap_or(ASSUMED)
}

fn bytes(text: &str) -> Option<usize> {
    let text = text.trim();
    let (number, unit) = match text.strip_suffix('K') {
        Some(number) => (number, 1 << 10),
        None => (text.strip_suffix('M')?, 1 << 20),
    };
    Some(number.parse::<usize>().ok()? * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_unit() {
        assert_eq!(bytes("49152K\n"), Some(48 << 20));
        assert_eq!(bytes("2M"), Some(2 << 20));
        assert_eq!(bytes("lots"), None);
    }
}
