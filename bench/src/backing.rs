//! What kind of pages stands behind a partition's memory, as Linux tells it.
//!
//! The largest mapping of the lwk-vmm process is that memory. Asking /proc instead of lwk-vmm keeps the answer true
//! whatever the options were and whatever lwk-vmm believes.

use std::fs;
use std::io;

use serde::Serialize;

/// The largest mapping of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_field_names, reason = "a size without its unit misleads in the JSON file")]
pub(crate) struct Backing {
    /// Its size in KiB.
    pub(crate) size_kib: u64,
    /// The size in KiB of the pages that it is made of.
    pub(crate) page_kib: u64,
    /// KiB of it that transparent huge pages cover.
    pub(crate) transparent_kib: u64,
}

impl Backing {
    /// Of a running process, by its id.
    ///
    /// # Errors
    /// What reading /proc/PID/smaps answers.
    pub(crate) fn of_process(pid: u32) -> io::Result<Self> {
        Ok(Self::parse(&fs::read_to_string(format!("/proc/{pid}/smaps"))?))
    }

    /// See proc_pid_smaps(5): each mapping begins with its range, which no line `Name: value` does, and its `Size`
    /// comes before the other values.
    fn parse(smaps: &str) -> Self {
        let mut mappings = vec![Self::default()];
        for line in smaps.lines() {
            let Some((name, value)) = line.split_once(':') else { continue };
            let Some(kib) = value.trim().strip_suffix(" kB").and_then(|number| number.parse().ok()) else { continue };
            match (name, mappings.last_mut()) {
                ("Size", _) => mappings.push(Self { size_kib: kib, ..Self::default() }),
                ("KernelPageSize", Some(mapping)) => mapping.page_kib = kib,
                ("AnonHugePages" | "ShmemPmdMapped" | "FilePmdMapped", Some(mapping)) => mapping.transparent_kib += kib,
                _ => {}
            }
        }
        mappings.into_iter().max_by_key(|mapping| mapping.size_kib).unwrap_or_default()
    }

    /// In words.
    pub(crate) fn describe(&self) -> String {
        match (self.page_kib, self.transparent_kib) {
            (1_048_576, _) => "1 GiB pages (hugetlb)".into(),
            (2048, _) => "2 MiB pages (hugetlb)".into(),
            (page, 0) => format!("{page} KiB pages"),
            (page, huge) => format!("{page} KiB pages, {} MiB of them in transparent huge pages", huge / 1024),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
55d0c0a00000-55d0c0a21000 r--p 00000000 fe:00 1234                       /usr/bin/lwk-vmm
Size:                132 kB
KernelPageSize:        4 kB
AnonHugePages:         0 kB
VmFlags: rd mr mw me
7f0000000000-7f0080000000 rw-s 00000000 00:10 42                         /memfd:partition (deleted)
Size:            2097152 kB
KernelPageSize:     2048 kB
MMUPageSize:        2048 kB
Shared_Hugetlb:    10240 kB
VmFlags: rd wr sh mr mw me ms ht
7fff00000000-7fff00021000 rw-p 00000000 00:00 0                          [stack]
Size:                132 kB
KernelPageSize:        4 kB
";

    #[test]
    fn the_largest_mapping_is_the_partitions_memory() {
        let backing = Backing::parse(SMAPS);
        assert_eq!(backing, Backing { size_kib: 2 << 20, page_kib: 2048, transparent_kib: 0 });
        assert_eq!(backing.describe(), "2 MiB pages (hugetlb)");
    }

    #[test]
    fn transparent_huge_pages_are_told_apart_from_small_ones() {
        let small = "Size: 2097152 kB\nKernelPageSize: 4 kB\nAnonHugePages: 0 kB\n";
        assert_eq!(Backing::parse(small).describe(), "4 KiB pages");
        let transparent = "Size: 2097152 kB\nKernelPageSize: 4 kB\nShmemPmdMapped: 1048576 kB\n";
        assert_eq!(Backing::parse(transparent).describe(), "4 KiB pages, 1024 MiB of them in transparent huge pages");
    }

    #[test]
    fn our_own_largest_mapping_has_a_page_size() {
        assert!(Backing::of_process(std::process::id()).unwrap().page_kib >= 4);
    }
}
