//! Why there can be no virtual machine.

/// Why a virtual machine cannot be made. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum VmError {
    /// KVM failed.
    #[error("KVM cannot {what}: {source}; lwk-vmm doctor shows what this machine can do")]
    Kvm {
        /// What was to be done.
        what: &'static str,
        /// What the kernel said.
        source: kvm_ioctls::Error,
    },
    /// An eventfd could not be made.
    #[error("cannot make an eventfd: {0}; raise the limit that ulimit -n shows")]
    EventFd(std::io::Error),
    /// The guest's clock is not the host's.
    #[error(
        "KVM does not let the guest have the host's time-stamp counter; lwk-vmm doctor shows what this machine can do"
    )]
    Clock,
    /// More vCPUs than this host allows.
    #[error("--cpus names {asked} CPUs, and this machine's KVM can make {most} vCPUs; name fewer")]
    TooManyVcpus {
        /// How many were asked for.
        asked: usize,
        /// How many there can be.
        most: usize,
    },
}

/// Names what KVM was asked to do, for the message.
pub(super) fn kvm<T>(what: &'static str, result: Result<T, kvm_ioctls::Error>) -> Result<T, VmError> {
    result.map_err(|source| VmError::Kvm { what, source })
}
