//! What of an ELF file becomes memory, decided before anything is mapped.
//!
//! Linux is the judge of what an executable is, so the rules, their order and their errors are those of its
//! `fs/binfmt_elf.c` (6.18), down to what it does not look at: class, byte order and version in `e_ident`, and
//! everything about sections, may hold anything. A parser that checks more than Linux would refuse programs that
//! run natively; that is why the few fields are read by hand.
//!
//! [`ElfFile::read`] says where the program headers lie, [`ElfFile::plan`] turns them into a [`Plan`], and
//! [`Plan::steps`] turns the plan into mappings. None of them touches memory or files, and no input makes them panic.

mod error;
mod file;
mod header;
mod plan;
mod steps;
#[cfg(test)]
mod tests;

pub use error::{ElfError, Role};
pub use file::{ElfFile, interpreter_path};
pub use header::HEADER_BYTES;
pub use plan::{Kind, Plan, SegmentPlan};
pub use steps::MapStep;
