//! Compares the LWK with Linux, and takes Linux for the truth.
//!
//! Nobody can write down what two hundred programs print in every corner; Linux knows. So each case runs natively
//! first, in a fresh folder, and then on the LWK in a folder of the same name with the same content. Whatever a
//! user could tell apart (output, exit status, the files left behind, processes left behind) must be the same.
//! The cases are data, so that one list serves every number of CPUs, and the comparison itself is tested with
//! runners that err on purpose: a harness that cannot fail proves nothing.

pub mod case;
pub mod cases;
pub mod command;
pub mod comparison;
pub mod conversation;
pub mod cpus;
pub mod expected;
pub mod group;
pub mod installed;
pub mod lwk;
pub mod outcome;
pub mod programs;
pub mod run;
pub mod streams;
pub mod suite;
pub mod terminal;
pub mod tree;
