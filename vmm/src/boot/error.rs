//! Why a partition cannot be booted.

use virtio_ikc::address::GuestPhysical;

/// Why a partition cannot be booted. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The image is no LWK.
    #[error("the lightweight kernel's image is unusable: {0}; rebuild lwk-vmm")]
    Image(String),
    /// The image speaks another version of the messages.
    #[error("the lightweight kernel's image has version {found}, this lwk-vmm has version {expected}; rebuild both")]
    Version {
        /// The image's.
        found: u64,
        /// Ours.
        expected: u64,
    },
    /// What is needed before the boot does not fit.
    #[error("the memory is too small for the lightweight kernel and the program's arguments; use a larger --mem")]
    NoMemory,
    /// A write went past the memory, which is a defect of ours.
    #[error("guest-physical address {0:#x} is outside the partition's memory")]
    Outside(GuestPhysical),
    /// The host does not tell something that the program must know.
    #[error("cannot ask the host for {what}: {source}")]
    Host {
        /// What was asked for.
        what: &'static str,
        /// What it said.
        source: std::io::Error,
    },
}
