//! What is left when a program has ended.

use crate::tree::Tree;

/// Everything about a run that is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was written to descriptor 1 (all of the terminal's output, if there was a terminal).
    pub stdout: Vec<u8>,
    /// What was written to descriptor 2.
    pub stderr: Vec<u8>,
    /// Exit status; 128+n for signal n.
    pub status: i32,
    /// The case's folder.
    pub tree: Tree,
    /// Whether execve(2) refused the program, so that what is on stderr is the runner's own.
    pub refused: bool,
    /// Whether the time limit struck.
    pub timed_out: bool,
    /// Whether processes of its group outlived the program.
    pub left_processes: bool,
}
