//! One line of `--trace` for each system call, in strace(1)'s format with its route and duration.
//!
//! A record is bytes that a program chose. They are only printed: every length is cut to what the record holds, and
//! what is too short for its structure is printed as the address it came from. The table's rows say what each
//! argument is; the structures that are worth reading are known here.

mod argument;
mod bytes;
mod line;
mod outcome;
mod quote;
mod structures;
mod view;

pub use line::format;

#[cfg(test)]
mod tests;
