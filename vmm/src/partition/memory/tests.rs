use super::super::thp::Thp;
use super::*;
use virtio_ikc::address::HUGE_PAGE_SIZE;
use vm_memory::{Bytes, GuestAddress, GuestMemoryBackend, GuestMemoryRegion};

fn request(size: u64, pages: HugePages) -> MemoryRequest {
    let size = Size::from_bytes(size).expect("not zero");
    MemoryRequest { size, pages, prefault: false, nodes: Vec::new() }
}

fn reserve(size: u64, pages: HugePages) -> Result<PartitionMemory, MemoryError> {
    PartitionMemory::reserve(&request(size, pages), &mut Vec::new())
}

fn message(result: Result<PartitionMemory, MemoryError>) -> String {
    let message = result.expect_err("refused").to_string();
    assert!(!message.contains('\n'));
    message
}

#[test]
fn memory_goes_around_the_hole_for_devices() {
    let spans = |size| regions(size).iter().map(|r| (r.start.as_u64(), r.length)).collect::<Vec<_>>();
    assert_eq!(spans(1 << 30), [(0, 1 << 30)]);
    assert_eq!(spans(3 << 30), [(0, 3 << 30)]);
    assert_eq!(spans(5 << 30), [(0, 3 << 30), (4 << 30, 2 << 30)]);
}

#[test]
fn the_largest_memory_fits_in_the_direct_map() {
    let last = regions(MAXIMUM).last().map(|r| r.start.as_u64() + r.length);
    assert_eq!(last, Some(DIRECT_MAP_BYTES));
}

#[test]
fn sizes_that_cannot_be_had_are_refused() {
    assert!(message(reserve(MINIMUM - 1, HugePages::Auto)).contains("at least 16M"));
    assert!(message(reserve(MAXIMUM + 1, HugePages::Auto)).contains("at most 383G"));
    let all = available_memory().next_multiple_of(HUGE_PAGE_SIZE) + HUGE_PAGE_SIZE;
    for pages in [HugePages::Auto, HugePages::None] {
        assert!(message(reserve(all, pages)).contains("more than there is"));
    }
    assert!(message(reserve(all, HugePages::Huge2M)).contains("first run: sysctl"));
    assert!(message(reserve(MINIMUM, HugePages::Huge1G)).contains("whole gigabytes"));
}

#[test]
fn small_pages_are_populated_when_asked_for() {
    let mut request = request(MINIMUM, HugePages::None);
    request.prefault = true;
    let memory = PartitionMemory::reserve(&request, &mut Vec::new()).expect("reserved");
    assert!(memory.is_populated());
    let allocated = rustix::fs::fstat(memory.file().as_ref()).expect("status").st_blocks * 512;
    assert_eq!(u64::try_from(allocated), Ok(MINIMUM));
}

#[test]
fn memory_is_not_populated_unless_asked_for() {
    let memory = reserve(MINIMUM, HugePages::None).expect("reserved");
    assert_eq!(rustix::fs::fstat(memory.file().as_ref()).expect("status").st_blocks, 0);
}

#[test]
fn sizes_are_rounded_up_to_whole_pages() {
    let memory = reserve(MINIMUM + 1, HugePages::None).expect("reserved");
    assert_eq!(memory.size(), MINIMUM + LARGE_PAGE_SIZE);
}

#[test]
fn the_guest_the_mapping_and_the_file_see_the_same_bytes() {
    use std::os::unix::fs::FileExt;
    let memory = reserve(LOW_MEMORY_END + (32 << 20), HugePages::None).expect("reserved");
    let guest = memory.guest_memory().expect("regions");
    assert_eq!(guest.num_regions(), 2);
    let address = GuestAddress(HIGH_MEMORY_START + 8);
    guest.write_obj(0x1234_5678_u64, address).expect("written");
    let mut bytes = [0; 8];
    memory.file().read_exact_at(&mut bytes, LOW_MEMORY_END + 8).expect("read");
    assert_eq!(u64::from_le_bytes(bytes), 0x1234_5678);
    let base = memory.base().addr().get();
    for region in guest.iter() {
        let host = region.get_host_address(vm_memory::MemoryRegionAddress(0)).expect("mapped").addr();
        let offset = if region.start_addr().0 == 0 { 0 } else { LOW_MEMORY_END };
        assert_eq!((host - base) as u64, offset);
    }
}

#[test]
fn without_huge_pages_small_ones_come_with_one_warning_that_says_what_to_do() {
    let mut warnings = Vec::new();
    let request = request(MINIMUM, HugePages::Auto);
    let memory = PartitionMemory::reserve(&request, &mut warnings).expect("reserved");
    let huge = matches!(memory.page(), PageKind::Huge(_));
    assert_eq!(warnings.len(), usize::from(!huge));
    assert!(warnings.iter().all(|warning| warning.contains("sysctl vm.nr_overcommit_hugepages=")));
}

#[test]
fn thp_is_given_only_where_memory_files_get_it() {
    let result = reserve(MINIMUM, HugePages::Thp);
    if Thp::read().for_memory_files() {
        assert_eq!(result.expect("reserved").page(), PageKind::Transparent);
    } else {
        assert!(message(result).contains("shmem_enabled"));
    }
}
