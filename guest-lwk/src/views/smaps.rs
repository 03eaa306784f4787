//! `smaps` and `smaps_rollup`: what is resident of each area (proc(5)).

use lwk_core::protection::Protection;
use lwk_core::vma::{Backing, VmaFlags};

use super::areas::Areas;
use super::maps;
use super::text::Text;
use crate::memory::view::AreaUse;

/// What the fields of an area are made of, in bytes.
#[derive(Default)]
struct Fields {
    resident: u64,
    shared_clean: u64,
    shared_dirty: u64,
    private_clean: u64,
    private_dirty: u64,
    anonymous: u64,
    large: u64,
    locked: u64,
}

/// `smaps`.
pub fn text(areas: &Areas) -> Text {
    let mut text = Text::new();
    for piece in &areas.list {
        maps::line(&mut text, &piece.area, areas);
        line(&mut text, "Size", piece.area.bytes());
        line(&mut text, "KernelPageSize", 4096);
        line(&mut text, "MMUPageSize", 4096);
        Fields::of(piece).put(&mut text);
        let eligible = !piece.area.flags.contains(VmaFlags::NO_HUGE) && piece.area.backing == Backing::Anonymous;
        text.put(format_args!("THPeligible:           {}\nVmFlags:", u8::from(eligible)));
        flags(&mut text, piece);
        text.push(b"\n");
    }
    text
}

/// `smaps_rollup`.
pub fn rollup(areas: &Areas) -> Text {
    let mut text = Text::new();
    let start = areas.list.first().map_or(0, |piece| piece.area.start);
    let end = areas.list.last().map_or(0, |piece| piece.area.end);
    let head = alloc::format!("{start:08x}-{end:08x} ---p 00000000 00:00 0 ");
    text.put(format_args!("{head:72} [rollup]\n"));
    let mut sum = Fields::default();
    areas.list.iter().map(Fields::of).for_each(|fields| sum.add(&fields));
    sum.put(&mut text);
    text
}

fn line(text: &mut Text, name: &str, bytes: u64) {
    text.put(format_args!("{:<16}{:>8} kB\n", alloc::format!("{name}:"), bytes >> 10));
}

impl Fields {
    fn of(piece: &AreaUse) -> Self {
        let AreaUse { area, resident, dirty, has_large } = *piece;
        let is_shared = area.flags.contains(VmaFlags::SHARED);
        let is_private = !is_shared && !matches!(area.backing, Backing::Special(_));
        let is_anonymous = is_private && (area.backing == Backing::Anonymous || area.protection.is_writable());
        let clean = resident - dirty;
        let when = |condition, bytes| if condition { bytes } else { 0 };
        Self {
            resident,
            shared_clean: when(!is_private, clean),
            shared_dirty: when(!is_private, dirty),
            private_clean: when(is_private, clean),
            private_dirty: when(is_private, dirty),
            anonymous: when(is_anonymous, resident),
            large: when(has_large && is_anonymous, resident & !((2 << 20) - 1)),
            locked: when(area.flags.contains(VmaFlags::LOCKED), resident),
        }
    }

    fn add(&mut self, other: &Self) {
        self.resident += other.resident;
        self.shared_clean += other.shared_clean;
        self.shared_dirty += other.shared_dirty;
        self.private_clean += other.private_clean;
        self.private_dirty += other.private_dirty;
        self.anonymous += other.anonymous;
        self.large += other.large;
        self.locked += other.locked;
    }

    fn put(&self, text: &mut Text) {
        let lines = [
            ("Rss", self.resident),
            ("Pss", self.resident),
            ("Pss_Dirty", self.private_dirty + self.shared_dirty),
            ("Shared_Clean", self.shared_clean),
            ("Shared_Dirty", self.shared_dirty),
            ("Private_Clean", self.private_clean),
            ("Private_Dirty", self.private_dirty),
            ("Referenced", self.resident),
            ("Anonymous", self.anonymous),
            ("LazyFree", 0),
            ("AnonHugePages", self.large),
            ("ShmemPmdMapped", 0),
            ("FilePmdMapped", 0),
            ("Shared_Hugetlb", 0),
            ("Private_Hugetlb", 0),
            ("Swap", 0),
            ("SwapPss", 0),
            ("Locked", self.locked),
        ];
        for (name, bytes) in lines {
            line(text, name, bytes);
        }
    }
}

fn flags(text: &mut Text, piece: &AreaUse) {
    let area = &piece.area;
    let (now, most) = (area.protection, area.maximum_protection);
    let letters = [
        (now.contains(Protection::READ), "rd"),
        (now.is_writable(), "wr"),
        (now.contains(Protection::EXECUTE), "ex"),
        (area.flags.contains(VmaFlags::SHARED), "sh"),
        (most.contains(Protection::READ), "mr"),
        (most.is_writable(), "mw"),
        (most.contains(Protection::EXECUTE), "me"),
        (area.flags.contains(VmaFlags::SHARED), "ms"),
        (area.flags.contains(VmaFlags::GROWS_DOWN), "gd"),
        (area.flags.contains(VmaFlags::LOCKED), "lo"),
        (area.flags.contains(VmaFlags::DONT_FORK), "dc"),
        (area.flags.contains(VmaFlags::SPECIAL), "de"),
        (area.flags.contains(VmaFlags::ACCOUNTED), "ac"),
        (area.flags.contains(VmaFlags::NO_RESERVE), "nr"),
        (area.flags.contains(VmaFlags::WIPE_ON_FORK), "wf"),
        (area.flags.contains(VmaFlags::DONT_DUMP), "dd"),
        (area.flags.contains(VmaFlags::HUGE), "hg"),
        (area.flags.contains(VmaFlags::NO_HUGE), "nh"),
    ];
    for (_, letters) in letters.iter().filter(|(is_so, _)| *is_so) {
        text.put(format_args!(" {letters}"));
    }
    text.push(b" ");
}
