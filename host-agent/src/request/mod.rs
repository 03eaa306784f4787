//! What a request says, once it has been copied and checked.
//!
//! The parser is a function of bytes: it sees a copy of the request that nobody can change any more, and of the
//! partition only whether memory is there. It decides nothing about Linux; it makes sure that whoever does can rely
//! on every number: the call exists and is Linux's to serve, each buffer belongs to an argument that is a pointer of
//! that kind and direction, and its segments are memory of the partition. Whatever is not so is a [`Violation`], for
//! a well-meaning LWK never sends it.

mod agreement;
mod copy;
mod header;
mod parse;
mod size;
mod violation;

#[cfg(test)]
mod tests;

pub use copy::RequestCopy;
pub use parse::{Buffer, GuestMemory, Kind, Parsed, parse};
pub(crate) use size::{Needed, number_of};
pub use violation::Violation;
