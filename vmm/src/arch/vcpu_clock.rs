//! A vCPU's clock attribute, which kvm-ioctls offers on other architectures only.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::AsRawFd;

use kvm_bindings::{KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET, KVMIO, kvm_device_attr};
use kvm_ioctls::VcpuFd;
use vmm_sys_util::ioctl::ioctl_with_ref;
use vmm_sys_util::ioctl_iow_nr;

ioctl_iow_nr!(KVM_SET_DEVICE_ATTR, KVMIO, 0xe1, kvm_device_attr);

/// Makes the guest's time-stamp counter the host's plus `offset` (`KVM_VCPU_TSC_OFFSET`, Linux 5.16).
pub(crate) fn set_offset(vcpu: &VcpuFd, offset: u64) -> io::Result<()> {
    let attribute = kvm_device_attr {
        group: KVM_VCPU_TSC_CTRL,
        attr: u64::from(KVM_VCPU_TSC_OFFSET),
        addr: (&raw const offset) as u64,
        ..kvm_device_attr::default()
    };
    // SAFETY: the kernel reads the structure and the 8 bytes at `addr`; both outlive the call.
    let result = unsafe { ioctl_with_ref(&vcpu.as_raw_fd(), KVM_SET_DEVICE_ATTR(), &attribute) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
