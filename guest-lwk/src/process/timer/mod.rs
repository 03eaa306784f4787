//! Timers: POSIX timers (timer_create(2)) and interval timers (setitimer(2)).
//!
//! They are the LWK's own, because the processor time that they may count is the program's, and because a signal of theirs that a thread
//! takes must not have to go through Linux. A timer of real time is an entry of a vCPU's list of sleepers; one of processor time is looked
//! at while a thread that uses this time runs. Nothing of a program has to run for either.

mod clock;
mod expiry;
mod interval;
mod owned;
mod posix;
mod processor;
mod timer;

pub use clock::TimerClock;
pub use interval::Interval;
pub use owned::ProcessTimers;
pub use posix::{Event, Target};
pub use processor::{ProcessorTimers, look, next_look};
pub use timer::{Reading, Setting, Timer};
