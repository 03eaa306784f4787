//! The list of real invocations, by what the programs are for.

mod archives;
mod c_programs;
mod command_line;
mod databases;
mod descriptors;
mod endings;
mod files;
mod folders;
mod jobs;
mod languages;
mod large;
mod linking;
mod metadata;
mod patterns;
mod scripts;
mod streams;
mod system;
mod text;

pub use c_programs::{individually, whole};

use crate::case::Case;

/// Every invocation.
#[must_use]
pub fn all() -> Vec<Case> {
    [
        text::cases(),
        streams::cases(),
        patterns::cases(),
        files::cases(),
        folders::cases(),
        metadata::cases(),
        large::cases(),
        archives::cases(),
        databases::cases(),
        languages::cases(),
        jobs::cases(),
        scripts::cases(),
        linking::cases(),
        command_line::cases(),
        descriptors::cases(),
        endings::cases(),
        system::cases(),
    ]
    .concat()
}
