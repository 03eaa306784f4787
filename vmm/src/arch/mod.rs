//! The only folder of this crate with `unsafe` code: what the kernel offers and no crate wraps soundly.

pub(crate) mod descriptor;
pub(crate) mod host_memory;
pub(crate) mod inherited;
pub(crate) mod memory_slot;
pub(crate) mod plain;
pub(crate) mod probe_code;
pub(crate) mod processor;
pub(crate) mod signal_file;
pub(crate) mod signals;
pub(crate) mod vcpu_clock;
pub(crate) mod vcpu_statistics;
#[cfg(test)]
mod vdso_call;
pub(crate) mod window;
