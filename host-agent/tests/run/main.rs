//! The agent as a process: its proxy, its messages, and that nothing of it is left when one of them dies.

mod arch;
mod left;
mod lives;
mod partition;
mod process;
mod processes;
mod queue;
mod threads;
mod window;

use std::process::ExitCode;

use host_agent::protocol::AGENT_NAME;
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let mut arguments = std::env::args();
    if arguments.next().as_deref() == Some(AGENT_NAME) {
        let number = arguments.next().and_then(|number| number.parse().ok()).expect("the number of a descriptor");
        std::process::exit(host_agent::run(arch::inherited(number)));
    }
    let tests = [left::TESTS, lives::TESTS, processes::TESTS, threads::TESTS, window::TESTS];
    let trials = tests.into_iter().flatten().map(|(name, test)| {
        Trial::test(*name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
