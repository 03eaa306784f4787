//! `lwk-vmm`: the command, and under another name its agent.

use std::env;
use std::process::ExitCode;

use host_agent::protocol::AGENT_NAME;
use lwk_vmm::cli::{self, Command, EXIT_OWN_ERROR};
use lwk_vmm::message;

fn main() -> ExitCode {
    if env::args_os().next().is_some_and(|name| name == AGENT_NAME) {
        return agent();
    }
    match cli::parse(env::args_os()) {
        Ok(Command::Run(options)) => lwk_vmm::run::run(&options).into(),
        Ok(Command::Doctor { json }) => lwk_vmm::doctor::run(json).into(),
        Ok(Command::Noise(options)) => lwk_vmm::noise::run(&options).into(),
        Ok(Command::NoiseSample(order)) => lwk_vmm::noise::sample(&order).into(),
        Ok(Command::NoisePartition(order)) => lwk_vmm::noise::partition(&order).into(),
        Ok(Command::Print(text)) => {
            message::answer(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            message::say(&error);
            error.exit_code().into()
        }
    }
}

/// The agent's part: the VMM executed us again, with the number of our socket's descriptor.
fn agent() -> ExitCode {
    let number = env::args().nth(1).and_then(|number| number.parse().ok());
    let Some(socket) = number.and_then(lwk_vmm::inherited_descriptor) else {
        message::say(format_args!("{AGENT_NAME} is started by lwk-vmm only"));
        return EXIT_OWN_ERROR.into();
    };
    std::process::exit(host_agent::run(socket))
}
