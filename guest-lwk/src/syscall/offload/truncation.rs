//! A file that a program shortens itself may be mapped: what is no longer in the file must not be reached any more (mmap(2), "SIGBUS").

use linux_raw_sys::general as abi;
use virtio_ikc::table::Call;

use crate::memory::file;
use crate::process::thread::Thread;

/// Looks at the mapped files again if `call` can have shortened one.
pub fn follow(thread: &Thread, call: &Call, arguments: &[u64; 6]) {
    if !may_shorten(call, arguments) {
        return;
    }
    for handle in file::shown_handles() {
        let before = file::size(handle);
        let size = file::refresh_size(handle);
        if size < before {
            // A large page would have to be split for this to fail, and the window is mapped by small ones.
            let _ = thread.process().space.lock().cut_mappings(handle, size);
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
