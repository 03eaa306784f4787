//! The command line of this process as others see it (ps(1), /proc/PID/cmdline): that of the program, not of the agent.
//!
//! The agent's own arguments leave no room for the program's, so Linux is told of another place (prctl(2), `PR_SET_MM_MAP`).
#![allow(unsafe_code)]

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Where it is now, if it has been set.
static PLACE: AtomicPtr<Vec<u8>> = AtomicPtr::new(ptr::null_mut());

/// `struct prctl_mm_map`.
#[repr(C)]
struct Map {
    code: [u64; 2],
    data: [u64; 2],
    heap: [u64; 2],
    stack: u64,
    arguments: [u64; 2],
    environment: [u64; 2],
    auxiliary: u64,
    auxiliary_bytes: u32,
    executable: i32,
}

const _: () = assert!(size_of::<Map>() == 104);

/// Lets the command line be `arguments`, each of which ends with a NUL.
///
/// # Errors
/// EINVAL where the kernel was built without `CONFIG_CHECKPOINT_RESTORE`.
pub(crate) fn set_command_line(arguments: Vec<u8>) -> io::Result<()> {
    const PR_SET_MM_MAP: libc::c_int = 14;
    let arguments = Box::new(arguments);
    let start = arguments.as_ptr().expose_provenance() as u64;
    let map = map([start, start + arguments.len() as u64])?;
    // SAFETY: the structure lives as long as the call; what it says is what Linux says itself, but for the place of the arguments.
    let result = unsafe { libc::prctl(libc::PR_SET_MM, PR_SET_MM_MAP, &raw const map, size_of::<Map>(), 0) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    let old = PLACE.swap(Box::into_raw(arguments), Ordering::AcqRel);
    if !old.is_null() {
        // SAFETY: it came from a box, nobody else has taken it out, and Linux does not look there any more.
        drop(unsafe { Box::from_raw(old) });
    }
    Ok(())
}

/// What Linux says of this process's memory, with another place for its arguments.
fn map(arguments: [u64; 2]) -> io::Result<Map> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let behind_name = text.rsplit(')').next().unwrap_or_default();
    let fields: Vec<u64> = behind_name.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
    // The first of them is field 3 of proc(5).
    let field = |number: usize| fields.get(number - 3).copied().unwrap_or(0);
    // SAFETY: it moves nothing.
    let heap_end = unsafe { libc::sbrk(0) }.expose_provenance() as u64;
    Ok(Map {
        code: [field(26), field(27)],
        data: [field(45), field(46)],
        heap: [field(47), heap_end],
        stack: field(28),
        arguments,
        environment: [field(50), field(51)],
        auxiliary: 0,
        auxiliary_bytes: 0,
        executable: -1,
    })
}
