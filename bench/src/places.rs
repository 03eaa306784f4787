//! What the driver lays out for `bench-guest`, by name: both sides read the same files.

/// Read by the file calls; [`DATA_BYTES`] long, in the folder on disk and in the one on tmpfs.
pub const DATA: &str = "data";
/// Written by the file calls.
pub const WRITTEN: &str = "written";
/// A folder of [`MANY_FILES`] empty files.
pub const MANY: &str = "many";

/// More than any cache of a core holds.
pub const DATA_BYTES: usize = 64 << 20;
/// Many calls' worth of names.
pub const MANY_FILES: usize = 512;
