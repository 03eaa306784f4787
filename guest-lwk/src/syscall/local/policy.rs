//! NUMA policies: a partition's memory is one node's, bound before boot, so every policy comes to the same.

use alloc::vec;

use virtio_ikc::table::Call;

use crate::errno::{Errno, SysResult};
use crate::process::thread::Thread;

/// `MPOL_WEIGHTED_INTERLEAVE`, the highest mode.
const MAX_MODE: u64 = 6;
/// `MPOL_F_STATIC_NODES`, `MPOL_F_RELATIVE_NODES`, `MPOL_F_NUMA_BALANCING`.
const MODE_FLAGS: u64 = 0xe000;
/// get_mempolicy(2): ask for the nodes that may be used.
const MPOL_F_MEMS_ALLOWED: u64 = 4;

/// mbind(2), `set_mempolicy(2)`, `set_mempolicy_home_node(2)`.
pub fn set(call: &Call, arguments: [u64; 6]) -> SysResult {
    let mode = match call.name {
        "mbind" => arguments[2],
        "set_mempolicy" => arguments[0],
        _ => 0,
    };
    if mode & !MODE_FLAGS > MAX_MODE { Err(Errno::EINVAL) } else { Ok(0) }
}

/// `get_mempolicy(2)`: the default policy, and node 0.
pub fn get(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [mode, nodes, bits, _, flags, _] = arguments;
    let mut space = thread.process().space.lock();
    if mode != 0 {
        space.write(mode, &0_u32)?;
    }
    if nodes != 0 {
        let bytes = usize::try_from(bits.saturating_sub(1).div_ceil(8).min(4096)).unwrap_or(0);
        let mut mask = vec![0_u8; bytes.next_multiple_of(8)];
        if let Some(first) = mask.first_mut().filter(|_| flags & MPOL_F_MEMS_ALLOWED != 0) {
            *first = 1;
        }
        space.copy_out(nodes, &mask)?;
    }
    Ok(0)
}

/// `move_pages(2)`: every page that is there is on node 0.
pub fn move_pages(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [_, count, pages, _, status, _] = arguments;
    let mut space = thread.process().space.lock();
    for index in 0..count {
        let address: u64 = space.read(pages.wrapping_add(index * 8))?;
        let node = if space.is_present(address) { 0 } else { -i32::from(Errno::ENOENT.0) };
        space.write(status.wrapping_add(index * 4), &node)?;
    }
    Ok(0)
}
