//! Which pages a partition gets.
//!
//! A kind that the user forces is had or is an error; left to us, each kind that cannot be had leads to the next, and
//! only small pages are worth a warning, because only they cost speed.

use std::io;

use rustix::fs::MemfdFlags;
use virtio_ikc::address::{HUGE_PAGE_SIZE, LARGE_PAGE_SIZE};

use super::super::huge_pool::{HugePool, HugeSize};
use super::super::thp::{self, Thp};
use super::error::{MemoryError, NoHugePages};
use super::{MemoryRequest, PageKind, PartitionMemory, available_memory, map};
use crate::arch::host_memory::ThreadPolicy;

/// The largest kind that can be had: 1 GiB when it divides the size and the pool has them already, then 2 MiB, room
/// made if need be, then what needs no reservation.
pub(super) fn best(request: &MemoryRequest, warnings: &mut Vec<String>) -> Result<PartitionMemory, MemoryError> {
    let size = request.size.bytes();
    let pool = HugePool::machine(HugeSize::Huge);
    let divides = size.is_multiple_of(HUGE_PAGE_SIZE) && pool.available() >= size / HUGE_PAGE_SIZE;
    if divides && let Ok(memory) = map_huge(request, HugeSize::Huge) {
        return Ok(memory);
    }
    let failure = match reserve_huge(request, HugeSize::Large) {
        Ok(memory) => return Ok(memory),
        Err(failure) => failure,
    };
    let kind = if Thp::read().for_memory_files() { PageKind::Transparent } else { PageKind::Small };
    let memory = unreserved(request, kind)?;
    let pages = memory.size() / LARGE_PAGE_SIZE;
    let cost = match kind {
        PageKind::Transparent => "transparent huge pages are used, which may run out",
        _ => "small pages are used, on which random memory access takes about 1.5 times as long",
    };
    let advice = HugePool::machine(HugeSize::Large).advice(pages);
    warnings.push(format!("no {pages} huge pages of 2 MiB ({failure}), so {cost}; reserve with: {advice}"));
    Ok(memory)
}

pub(super) fn forced(request: &MemoryRequest, huge: HugeSize) -> Result<PartitionMemory, MemoryError> {
    if huge == HugeSize::Huge && !request.size.bytes().is_multiple_of(huge.bytes()) {
        return Err(MemoryError::NotDivisible(request.size));
    }
    reserve_huge(request, huge).map_err(|reason| MemoryError::Forced {
        kind: huge.name(),
        reason: reason.to_string(),
        advice: HugePool::machine(huge).advice(request.size.bytes().div_ceil(huge.bytes())),
    })
}

pub(super) fn transparent(request: &MemoryRequest) -> Result<PartitionMemory, MemoryError> {
    if Thp::read().for_memory_files() {
        return unreserved(request, PageKind::Transparent);
    }
    Err(MemoryError::Forced {
        kind: "thp",
        reason: "the kernel gives memory files none".to_owned(),
        advice: thp::ADVICE.to_owned(),
    })
}

/// Reserves from the pool as it is or, when that is too small, while room is made. Linux makes no surplus pages of
/// 1 GiB.
fn reserve_huge(request: &MemoryRequest, huge: HugeSize) -> Result<PartitionMemory, NoHugePages> {
    let pool = HugePool::machine(huge);
    if !pool.exists() {
        return Err(NoHugePages::Unknown);
    }
    match map_huge(request, huge) {
        Err(error) if error.kind() == io::ErrorKind::OutOfMemory => {}
        other => return other.map_err(NoHugePages::Kernel),
    }
    let free = pool.available();
    let pages = request.size.bytes().div_ceil(huge.bytes());
    if huge == HugeSize::Huge || !pool.may_make_room() {
        return Err(NoHugePages::NoRoom { free });
    }
    let (needed, available) = (pages.saturating_sub(free), available_memory());
    if needed.saturating_mul(huge.bytes()) > available {
        return Err(NoHugePages::NoMemory { needed, available });
    }
    pool.with_room(pages, || map_huge(request, huge)).map_err(NoHugePages::Kernel)
}

fn map_huge(request: &MemoryRequest, huge: HugeSize) -> io::Result<PartitionMemory> {
    let flag = match huge {
        HugeSize::Large => MemfdFlags::HUGE_2MB,
        HugeSize::Huge => MemfdFlags::HUGE_1GB,
    };
    let _policy = if request.nodes.is_empty() { None } else { Some(ThreadPolicy::bind(&request.nodes)?) };
    map(request, PageKind::Huge(huge), MemfdFlags::HUGETLB | flag)
}

pub(super) fn unreserved(request: &MemoryRequest, kind: PageKind) -> Result<PartitionMemory, MemoryError> {
    let available = available_memory();
    if request.size.bytes() > available {
        return Err(MemoryError::NotEnough { asked: request.size, available });
    }
    let advice = "free some memory, or raise the limit that ulimit -v shows";
    map(request, kind, MemfdFlags::empty()).map_err(|source| MemoryError::System { what: "map", source, advice })
}
