//! The vDSO's functions, called as a program would call them.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::time::Duration;

use elf::ElfBytes;
use elf::endian::LittleEndian;
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
use virtio_ikc::address::GuestPhysical;
use vm_memory::mmap::MmapRegionBuilder;
use vm_memory::{GuestAddress, GuestMemoryMmap, GuestRegionMmap};

use crate::boot::VDSO_IMAGE;
use crate::clock::{Clock, FIRST_INTERVAL, measure_tsc_khz};

const PAGE: usize = 4096;

/// The time page and, behind it, the image: as the LWK maps them.
struct Vdso {
    image: *const u8,
    clock: Clock,
}

impl Vdso {
    fn map() -> Self {
        let protection = ProtFlags::READ | ProtFlags::WRITE | ProtFlags::EXEC;
        let length = PAGE + VDSO_IMAGE.len().next_multiple_of(PAGE);
        // SAFETY: fresh memory, of which the first page becomes guest memory and the rest gets the image.
        let (region, image) = unsafe {
            let base = mmap_anonymous(std::ptr::null_mut(), length, protection, MapFlags::PRIVATE).expect("memory");
            let image = base.cast::<u8>().add(PAGE);
            image.copy_from_nonoverlapping(VDSO_IMAGE.as_ptr(), VDSO_IMAGE.len());
            let region = MmapRegionBuilder::new(PAGE)
                .with_raw_mmap_pointer(base.cast())
                .with_mmap_prot(libc::PROT_READ | libc::PROT_WRITE)
                .with_mmap_flags(libc::MAP_PRIVATE)
                .build();
            (region.expect("a region"), image)
        };
        let region = GuestRegionMmap::new(region, GuestAddress(0)).expect("no overflow");
        let memory = GuestMemoryMmap::from_regions(vec![region]).expect("one region");
        Self { image, clock: Clock::start(memory, GuestPhysical(0), measure_tsc_khz()) }
    }

    fn function(&self, name: &str) -> *const u8 {
        let elf = ElfBytes::<LittleEndian>::minimal_parse(VDSO_IMAGE).expect("an ELF file");
        let (symbols, names) = elf.dynamic_symbol_table().expect("readable").expect("there");
        let found = symbols.iter().find(|symbol| names.get(symbol.st_name as usize).is_ok_and(|found| found == name));
        let offset = usize::try_from(found.expect(name).st_value).expect("small");
        // SAFETY: the symbol lies in the image.
        unsafe { self.image.add(offset) }
    }

    fn time(&self, name: &str, clock: i32) -> Duration {
        let mut time = MaybeUninit::<libc::timespec>::uninit();
        // SAFETY: the function has this signature (vdso(7)) and fills the structure when it answers 0.
        let time = unsafe {
            let function: extern "C" fn(i32, *mut libc::timespec) -> i32 = std::mem::transmute(self.function(name));
            assert_eq!(function(clock, time.as_mut_ptr()), 0);
            time.assume_init()
        };
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("below a second"))
    }
}

fn host(clock: i32) -> Duration {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: clock_gettime fills the structure when it answers 0.
    let time = unsafe {
        assert_eq!(libc::clock_gettime(clock, time.as_mut_ptr()), 0);
        time.assume_init()
    };
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("below a second"))
}

#[test]
fn programs_see_the_hosts_clocks() {
    let mut vdso = Vdso::map();
    std::thread::sleep(FIRST_INTERVAL);
    vdso.clock.update();
    for clock in [libc::CLOCK_REALTIME, libc::CLOCK_MONOTONIC, libc::CLOCK_BOOTTIME, libc::CLOCK_TAI] {
        for name in ["__vdso_clock_gettime", "clock_gettime"] {
            let (before, guest) = (host(clock), vdso.time(name, clock));
            assert!(guest.abs_diff(before) < Duration::from_millis(1), "clock {clock}: {guest:?}, {before:?}");
        }
    }
}

#[test]
fn clocks_that_the_page_does_not_have_are_asked_of_the_kernel() {
    let vdso = Vdso::map();
    let before = host(libc::CLOCK_PROCESS_CPUTIME_ID);
    assert!(vdso.time("__vdso_clock_gettime", libc::CLOCK_PROCESS_CPUTIME_ID) >= before);
    assert!(vdso.time("__vdso_clock_getres", libc::CLOCK_MONOTONIC) > Duration::ZERO);
}

#[test]
fn it_is_one_segment_without_relocations() {
    let elf = ElfBytes::<LittleEndian>::minimal_parse(VDSO_IMAGE).expect("an ELF file");
    let segments: Vec<_> = elf.segments().expect("segments").iter().collect();
    assert_eq!(segments.iter().filter(|segment| segment.p_type == elf::abi::PT_LOAD).count(), 1);
    assert!(VDSO_IMAGE.len() <= 2 * PAGE);
    let relocation = |name: &str| elf.section_header_by_name(name).expect("readable").is_some();
    assert!(!relocation(".rela.dyn") && !relocation(".got"));
}
