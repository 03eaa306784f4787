//! Memory: frames of the partition, page tables, address spaces.
//!
//! The order of things: [`frames`] owns the partition's memory, [`page_table`] puts frames where a program sees them,
//! [`space`] knows what a program was promised and keeps the two in line. The files beside it are the calls' own rules.

mod attach;
pub mod commit;
mod discard;
pub mod fault;
pub mod file;
mod fork;
pub mod frames;
pub mod futex_key;
pub mod map;
pub mod object;
pub mod page_table;
pub mod peek;
pub mod populate;
pub mod protect;
pub mod remap;
mod remap_file;
pub mod rewrite;
pub mod segment;
pub mod space;
pub mod unmap;
pub mod user;
pub mod view;
pub mod zeroing;
