//! A file that a program shortens itself may be mapped: what is no longer in the file must not be reached any more (mmap(2), "SIGBUS").

use linux_raw_sys::general as abi;
use virtio_ikc::table::Call;

use crate::process::table;

/// Looks at the mapped files of all processes again if `call` can have shortened one.
pub fn follow(call: &Call, arguments: &[u64; 6]) {
    if !may_shorten(call, arguments) {
        return;
    }
    for process in table::all() {
        let mut space = process.space.lock();
        for handle in space.files.shown_handles() {
            let before = space.files.size(handle);
            let size = space.files.refresh_size_for(&process, handle);
            if size < before {
                // A large page would have to be split for this to fail, and the window is mapped by small ones.
                let _ = space.cut_mappings(handle, size);
            }
        }
    }
}

fn may_shorten(call: &Call, arguments: &[u64; 6]) -> bool {
    let truncates = |flags: u64| flags & u64::from(abi::O_TRUNC) != 0;
    match u32::from(call.number) {
        abi::__NR_truncate | abi::__NR_ftruncate | abi::__NR_creat | abi::__NR_openat2 => true,
        abi::__NR_open => truncates(arguments[1]),
        abi::__NR_openat => truncates(arguments[2]),
        _ => false,
    }
}
