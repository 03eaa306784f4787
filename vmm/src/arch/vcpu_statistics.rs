//! KVM's counters of a vCPU (Linux 5.14, `KVM_CAP_BINARY_STATS_FD`), which kvm-ioctls does not offer.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::FromRawFd;

use kvm_bindings::KVMIO;
use kvm_ioctls::VcpuFd;
use vmm_sys_util::ioctl::ioctl;
use vmm_sys_util::ioctl_io_nr;

ioctl_io_nr!(KVM_GET_STATS_FD, KVMIO, 0xce);

/// A file from which the vCPU's counters can be read at any time, by anybody who has it.
pub(crate) fn open(vcpu: &VcpuFd) -> io::Result<File> {
    // SAFETY: the call has no argument and touches no memory of ours.
    let descriptor = unsafe { ioctl(vcpu, KVM_GET_STATS_FD()) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { File::from_raw_fd(descriptor) })
}
