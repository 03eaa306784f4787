//! Sets of CPUs as /sys writes them, and how those of the machine become those of the partition.

use std::fmt::Write;

/// CPUs of the partition, ascending, as a list ("0-3,5").
pub(super) fn list(cpus: &[usize]) -> String {
    let mut text = String::new();
    let mut rest = cpus;
    while let Some(first) = rest.first() {
        let length = rest.iter().enumerate().take_while(|(index, cpu)| **cpu == first + index).count();
        let comma = if text.is_empty() { "" } else { "," };
        let _ = match length {
            1 => write!(text, "{comma}{first}"),
            _ => write!(text, "{comma}{first}-{}", first + length - 1),
        };
        rest = &rest[length..];
    }
    text + "\n"
}

/// The same as a mask of `count` bits ("3", or "f,ffffffff").
pub(super) fn mask(cpus: &[usize], count: usize) -> String {
    let words = count.div_ceil(32).max(1);
    let text: Vec<String> = (0..words).rev().map(|word| mask_word(cpus, word, count)).collect();
    text.join(",") + "\n"
}

fn mask_word(cpus: &[usize], word: usize, count: usize) -> String {
    let bits = cpus.iter().filter(|cpu| **cpu / 32 == word).fold(0_u32, |bits, cpu| bits | 1 << (cpu % 32));
    let digits = (count - 32 * word).min(32).div_ceil(4).max(1);
    format!("{bits:0digits$x}")
}

/// The machine's CPUs that a list names.
pub(super) fn parse_list(text: &str) -> Vec<usize> {
    let ranges = text.trim().split(',').filter(|range| !range.is_empty());
    ranges.flat_map(|range| parse_range(range).unwrap_or_default()).collect()
}

fn parse_range(range: &str) -> Option<Vec<usize>> {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    Some((first.parse().ok()?..=last.parse().ok()?).collect())
}

/// The machine's CPUs that a mask names.
pub(super) fn parse_mask(text: &str) -> Vec<usize> {
    let words = text.trim().rsplit(',').map(|word| u32::from_str_radix(word, 16).unwrap_or(0));
    words
        .enumerate()
        .flat_map(|(index, word)| (0..32).filter(move |bit| word >> bit & 1 != 0).map(move |bit| index * 32 + bit))
        .collect()
}

/// The partition's CPUs that run on those of the `machine`.
pub(super) fn of_partition(machine: &[usize], cpus: &[usize]) -> Vec<usize> {
    cpus.iter().enumerate().filter(|(_, cpu)| machine.contains(cpu)).map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_masks_are_those_of_sysfs() {
        assert_eq!(list(&[0, 1, 2, 5, 7, 8]), "0-2,5,7-8\n");
        assert_eq!(list(&[]), "\n");
        assert_eq!(mask(&[0, 1], 2), "3\n");
        assert_eq!(mask(&[0, 33], 36), "2,00000001\n");
    }

    #[test]
    fn the_machines_cpus_become_the_partitions() {
        assert_eq!(parse_list("4-6,9\n"), [4, 5, 6, 9]);
        assert_eq!(parse_mask("1,00000012\n"), [1, 4, 32]);
        assert_eq!(of_partition(&[4, 5, 9], &[2, 4, 9]), [1, 2]);
    }
}
