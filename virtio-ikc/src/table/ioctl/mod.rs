//! What the third argument of ioctl(2) is.
//!
//! A request's number often tells the direction and size of its structure (`_IOC` in Linux's asm-generic/ioctl.h),
//! but not whether pointers hide in it or more follows it; and old numbers tell nothing. The proxy must never let
//! Linux follow a number that the program made up, so only what is known to be plain memory is handed on as memory:
//! the listed requests, and those families in which number and memory agree throughout.

mod requests;
mod shape;

pub use shape::{LOWEST_ADDRESS, Shape, name, shape};
