//! What is in memory after [`prepare`], seen as a processor would see it.

use virtio_ikc::boot::{BOOT_MAGIC, BootPage, EntryData, flag};
use virtio_ikc::layout::{LWK_IMAGE, NOTICE_BOARD, WINDOW, WINDOW_BYTES, WINDOW_PHYSICAL, vcpu_area};
use virtio_ikc::notice::BYTES;
use vm_memory::{Bytes, GuestAddress};

use super::*;
use crate::arch::plain;

const MEMORY_BYTES: usize = 64 << 20;
const WRITABLE: u64 = 1 << 1;
const USER: u64 = 1 << 2;
const LARGE: u64 = 1 << 7;
const NO_EXECUTE: u64 = 1 << 63;

fn settings(privilege: Privilege) -> Settings {
    let program = Program {
        path: "/bin/true".into(),
        arguments: vec!["true".into(), "-x".into()],
        environment: vec!["A=1".into()],
        process: 7,
        parent: 6,
        ignored_signals: 0,
    };
    let processors = vec![5, 9];
    Settings { privilege, processors, flags: 0, tsc_khz: 1, state_mask: 7, state_bytes: 832, program }
}

fn booted(settings: &Settings) -> (GuestMemoryMmap, Booted) {
    let memory = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), MEMORY_BYTES)]).expect("memory");
    let image = Image::parse(embedded()).expect("our own image");
    let booted = prepare(&memory, &image, settings).expect("enough memory");
    (memory, booted)
}

/// Walks the page tables: the entry that maps `address`, and the guest-physical address.
fn walk(memory: &GuestMemoryMmap, table: GuestPhysical, address: u64) -> Option<(u64, u64)> {
    let mut table = table.as_u64();
    for shift in [39, 30, 21, 12] {
        let entry: u64 = memory.read_obj(GuestAddress(table + (address >> shift & 511) * 8)).ok()?;
        if entry & 1 == 0 {
            return None;
        }
        let base = entry & 0x000f_ffff_ffff_f000;
        if shift == 12 || entry & LARGE != 0 {
            let inside = (1 << shift) - 1;
            return Some((entry, (base & !inside) | (address & inside)));
        }
        table = base;
    }
    None
}

#[test]
fn the_direct_map_shows_all_memory_and_nothing_more() {
    let (memory, booted) = booted(&settings(Privilege::RING3));
    for physical in [0, BOOT_PAGE, 0x12_3456, MEMORY_BYTES as u64 - 1] {
        let (entry, found) = walk(&memory, booted.page_table, DIRECT_MAP + physical).expect("mapped");
        assert_eq!(found, physical);
        assert_eq!(entry & (WRITABLE | NO_EXECUTE | USER), WRITABLE | NO_EXECUTE | USER);
    }
    assert_eq!(walk(&memory, booted.page_table, DIRECT_MAP + MEMORY_BYTES as u64), None);
    assert_eq!(walk(&memory, booted.page_table, 0x40_0000), None);
}

#[test]
fn the_window_of_shared_mappings_is_mapped_whole() {
    for flags in [0, flag::HUGE_PAGES] {
        let (memory, booted) = booted(&Settings { flags, ..settings(Privilege::RING3) });
        for offset in [0, 0x12_3456, WINDOW_BYTES - 1] {
            let (entry, found) = walk(&memory, booted.page_table, WINDOW + offset).expect("mapped");
            assert_eq!(found, WINDOW_PHYSICAL + offset);
            assert_eq!(entry & (WRITABLE | NO_EXECUTE | USER | LARGE), WRITABLE | NO_EXECUTE | USER | LARGE);
        }
        assert_eq!(walk(&memory, booted.page_table, WINDOW - 1), None);
        assert_eq!(walk(&memory, booted.page_table, WINDOW + WINDOW_BYTES), None);
    }
}

#[test]
fn the_notice_board_is_left_empty() {
    let (memory, _) = booted(&settings(Privilege::RING3));
    let mut board = vec![1; usize::try_from(BYTES).unwrap()];
    memory.read_slice(&mut board, GuestAddress(NOTICE_BOARD)).expect("in memory");
    assert!(board.iter().all(|byte| *byte == 0));
}

#[test]
fn nothing_of_the_lwk_is_the_programs_in_ring0_mode() {
    let (memory, booted) = booted(&settings(Privilege::RING0));
    for address in [DIRECT_MAP, LWK_IMAGE, Booted::area(1), DEVICE_REGISTERS] {
        let (entry, _) = walk(&memory, booted.page_table, address).expect("mapped");
        assert_eq!(entry & USER, 0, "{address:#x}");
    }
}

#[test]
fn no_page_of_the_image_is_writable_and_executable() {
    let (memory, booted) = booted(&settings(Privilege::RING3));
    let (code, _) = walk(&memory, booted.page_table, booted.entry).expect("mapped");
    assert_eq!(code & (WRITABLE | NO_EXECUTE), 0);
    let pages = (0..64).filter_map(|page| walk(&memory, booted.page_table, LWK_IMAGE + page * PAGE_SIZE));
    assert!(pages.into_iter().all(|(entry, _)| entry & WRITABLE == 0 || entry & NO_EXECUTE != 0));
}

#[test]
fn every_vcpu_has_entry_code_frames_and_a_guarded_stack() {
    let (memory, booted) = booted(&settings(Privilege::RING3));
    for index in 0..2 {
        let area = Booted::area(index);
        let (code, _) = walk(&memory, booted.page_table, area + vcpu_area::CODE).expect("mapped");
        assert_eq!(code & (WRITABLE | NO_EXECUTE), 0);
        let (_, data) = walk(&memory, booted.page_table, area + vcpu_area::DATA).expect("mapped");
        let data: EntryData = plain::read(&memory, GuestPhysical(data)).expect("in memory");
        assert_eq!(data.index, index as u64);
        assert!((area..area + vcpu_area::CODE_BYTES).contains(&data.to_interrupt.rip));
        assert_eq!(data.to_exception.cs, 0x33);
        assert!(walk(&memory, booted.page_table, area + vcpu_area::BOOT_STACK_TOP - 8).is_some());
        assert_eq!(walk(&memory, booted.page_table, area + vcpu_area::BOOT_STACK - 8), None);
    }
}

#[test]
fn every_gate_leads_into_the_entry_code() {
    let (memory, booted) = booted(&settings(Privilege::RING3));
    let area = Booted::area(1);
    let (_, table) = walk(&memory, booted.page_table, area + vcpu_area::IDT).expect("mapped");
    for vector in (0..32).chain([0x40, 0x41, 0x42, 0xff]) {
        let gate: [u64; 2] =
            [0, 8].map(|half| memory.read_obj(GuestAddress(table + vector * 16 + half)).expect("read"));
        let handler = gate[0] & 0xffff | gate[0] >> 48 << 16 | gate[1] << 32;
        assert!((area..area + vcpu_area::CODE_BYTES).contains(&handler), "vector {vector}: {handler:#x}");
        assert_eq!(gate[0] >> 40 & 0x9f, 0x8e, "vector {vector} is a present interrupt gate");
        let stack = gate[0] >> 32 & 7;
        let expected = match vector {
            2 | 8 | 18 => 2,
            0..32 => 1,
            _ => 0,
        };
        assert_eq!(stack, expected, "vector {vector}");
    }
}

#[test]
fn the_boot_page_tells_what_was_set() {
    let (memory, _) = booted(&settings(Privilege::RING3));
    let page: BootPage = plain::read(&memory, GuestPhysical(BOOT_PAGE)).expect("in memory");
    assert_eq!((page.magic, page.privilege, page.vcpu_count), (BOOT_MAGIC, 3, 2));
    assert_eq!((page.process, page.parent), (7, 6));
    let mut strings = vec![0; usize::try_from(page.program.length).expect("small")];
    memory.read_slice(&mut strings, GuestAddress(page.program.start.as_u64())).expect("in memory");
    assert_eq!(strings, b"/bin/true\0true\0-x\0A=1\0");
    assert!(page.free_start.is_aligned(PAGE_SIZE) && page.free_start > page.program.start);
    let map: u16 = memory
        .read_obj(GuestAddress(page.time_page.as_u64() + virtio_ikc::boot::CPU_MAP_OFFSET as u64 + 18))
        .expect("in memory");
    assert_eq!(map, 2, "RDTSCP's 9 is vCPU 1");
}

#[test]
fn huge_pages_are_used_where_they_fit() {
    let ranges = [(GuestAddress(0), 64 << 20), (GuestAddress(4 << 30), 1 << 30)];
    let memory = GuestMemoryMmap::from_ranges(&ranges).expect("address space");
    let image = Image::parse(embedded()).expect("our own image");
    let with = Settings { flags: flag::HUGE_PAGES, ..settings(Privilege::RING0) };
    let one = prepare(&memory, &image, &with);
    let (_, high) = walk(&memory, one.expect("booted").page_table, DIRECT_MAP + (4 << 30) + 5).expect("mapped");
    assert_eq!(high, (4 << 30) + 5);
    let fresh = GuestMemoryMmap::from_ranges(&ranges).expect("address space");
    assert!(prepare(&fresh, &image, &settings(Privilege::RING0)).is_ok());
}

#[test]
fn memory_that_is_too_small_is_refused() {
    let memory = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), 1 << 20)]).expect("memory");
    let image = Image::parse(embedded()).expect("our own image");
    let error = prepare(&memory, &image, &settings(Privilege::RING3)).expect_err("refused");
    assert!(error.to_string().contains("--mem"), "{error}");
}

#[test]
fn files_that_are_no_image_are_refused() {
    assert!(matches!(Image::parse(b"\x7fELF"), Err(BootError::Image(_))));
    for length in (0..embedded().len().min(8192)).step_by(61) {
        assert!(Image::parse(&embedded()[..length]).is_err());
    }
}

#[test]
fn the_entry_of_the_embedded_image_has_a_name() {
    let image = Image::parse(embedded()).expect("our own image");
    let symbols = Symbols::read(embedded());
    assert_eq!(symbols.find(image.entry()).map(|(name, _)| name.to_owned()), Some("lwk_start".to_owned()));
}
