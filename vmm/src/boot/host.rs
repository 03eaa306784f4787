//! What the host says of itself and of us, for the program to see.

use std::ffi::CStr;

use rustix::process::{Resource, getrlimit};

use super::BootError;
use crate::arch::processor;

/// Bytes of each of uname(2)'s fields, the NUL included.
const FIELD_BYTES: usize = 65;
/// What tells the LWK's release from the host's.
const SUFFIX: &[u8] = b"-lwk";
/// What RLIMIT_STACK is taken for when it is unlimited (Linux's default).
const USUAL_STACK: u64 = 8 << 20;

/// uname(2)'s fields: the host's, the release marked as ours.
pub(super) fn uname() -> [[u8; FIELD_BYTES]; 6] {
    let host = rustix::system::uname();
    let mut release = host.release().to_bytes().to_vec();
    release.truncate(FIELD_BYTES - 1 - SUFFIX.len());
    release.extend_from_slice(SUFFIX);
    let domain = std::fs::read("/proc/sys/kernel/domainname").unwrap_or_default();
    let text = |text: &CStr| field(text.to_bytes());
    [
        text(host.sysname()),
        text(host.nodename()),
        field(&release),
        text(host.version()),
        text(host.machine()),
        field(domain.trim_ascii_end()),
    ]
}

fn field(text: &[u8]) -> [u8; FIELD_BYTES] {
    let mut field = [0; FIELD_BYTES];
    let length = text.len().min(FIELD_BYTES - 1);
    field[..length].copy_from_slice(&text[..length]);
    field
}

fn own_status() -> Result<String, BootError> {
    let status = std::fs::read_to_string("/proc/self/status");
    status.map_err(|source| BootError::Host { what: "our own status", source })
}

/// Real, effective and saved user ids, then group ids (proc_pid_status(5)).
pub(super) fn credentials() -> Result<[u32; 6], BootError> {
    let status = own_status()?;
    let ids = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().map_while(|id| id.parse().ok()).take(3).collect::<Vec<u32>>()
    };
    let mut credentials = [0; 6];
    for (place, id) in credentials.iter_mut().zip(ids("Uid:").into_iter().chain(ids("Gid:"))) {
        *place = id;
    }
    Ok(credentials)
}

/// Random bytes (getrandom(2)).
pub(super) fn seed() -> Result<[u8; 32], BootError> {
    let mut seed = [0; 32];
    let filled = rustix::rand::getrandom(&mut seed, rustix::rand::GetRandomFlags::empty());
    filled.map_err(|errno| BootError::Host { what: "random bytes", source: errno.into() })?;
    Ok(seed)
}

/// RLIMIT_STACK in bytes.
pub(super) fn stack_limit() -> u64 {
    getrlimit(Resource::Stack).current.unwrap_or(USUAL_STACK)
}

/// AT_HWCAP and AT_HWCAP2 (getauxval(3)): CPUID leaf 1's EDX, and what Linux tells of itself.
pub(super) fn capabilities() -> (u32, u32) {
    let (_, second) = rustix::param::linux_hwcap();
    (processor::cpuid(1, 0).edx, u32::try_from(second).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_the_hosts_and_marked() {
        let fields = uname();
        let release = String::from_utf8_lossy(&fields[2]);
        let host = rustix::system::uname();
        assert_eq!(release.trim_end_matches('\0'), format!("{}-lwk", host.release().to_string_lossy()));
    }

    #[test]
    fn credentials_are_ours() {
        let ids = credentials().expect("a process file system");
        assert_eq!(ids[0], rustix::process::getuid().as_raw());
        assert_eq!(ids[4], rustix::process::getegid().as_raw());
    }

    #[test]
    fn long_fields_are_cut_and_end_with_a_nul() {
        assert_eq!(field(&[b'x'; 100])[64], 0);
    }
}
