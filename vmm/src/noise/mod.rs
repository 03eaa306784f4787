//! `lwk-vmm noise`: what disturbs a program, on Linux and on the LWK, and by what.
//!
//! The measure is the *fixed work quantum* (FWQ): the same work is done again and again and each time is noted. It can only be
//! disturbed in one direction, so the fastest is what the work costs, and all above is noise. Both sides run the same
//! machine code on the same CPU, a few seconds each in turn, so that what goes on around them is the same for both.
//!
//! This executable is the measured program too (`sampler`): natively it is started as a process (`native`), for the LWK's
//! side by another copy that runs it in a partition and watches it (`partition`). What Linux and KVM count is
//! noted meanwhile (`watch`) and laid beside the gaps (`causes`); `report` has the figures, `text` and `plot` show them.

mod causes;
mod distribution;
mod error;
mod histogram;
mod native;
mod order;
mod output;
mod partition;
mod plan;
mod plot;
mod record;
mod report;
mod sampler;
mod session;
mod slice;
mod text;
mod watch;
mod work;

use crate::cli::{EXIT_OWN_ERROR, NoiseOptions};
use crate::message;
use error::NoiseError;
use report::Report;

/// Measures and shows the results; answers the exit status.
#[must_use]
pub fn run(options: &NoiseOptions) -> u8 {
    match measure(options) {
        Ok(()) => 0,
        Err(error) => {
            message::say(&error);
            error.exit_code()
        }
    }
}

fn measure(options: &NoiseOptions) -> Result<(), NoiseError> {
    let files = output::Files::check(options)?;
    let (plan, slices) = session::run(options)?;
    let report = Report::new(&plan, &slices);
    message::answer(&text::render(&report));
    files.write(&report)
}

/// The measured program's part; answers the exit status.
#[must_use]
pub fn sample(order: &str) -> u8 {
    hidden(sampler::run, order)
}

/// The part of the LWK's side: a partition with the measured program, watched; answers the exit status.
#[must_use]
pub fn partition(order: &str) -> u8 {
    hidden(partition::run, order)
}

fn hidden(part: fn(&str) -> Result<u8, NoiseError>, order: &str) -> u8 {
    part(order).unwrap_or_else(|error| {
        message::say(&error);
        EXIT_OWN_ERROR
    })
}
