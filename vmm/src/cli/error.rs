//! Mistakes on the command line, as one line each.

use super::environment::EnvironmentError;

/// Exit status of errors that are ours and not the program's.
pub const EXIT_OWN_ERROR: u8 = 125;

/// Why a command line is refused. Its text is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Options or positionals that do not fit.
    #[error("{0}; see 'lwk-vmm --help'")]
    Usage(String),
    /// The environment cannot be made.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

impl CliError {
    /// The status to exit with.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        EXIT_OWN_ERROR
    }

    /// Brings clap's message, which spans several lines, into one: what is wrong, then clap's tips.
    pub(super) fn from_clap(error: &clap::Error) -> Self {
        let text = error.render().to_string();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut message = String::new();
        for line in lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more")) {
            let line = line.strip_prefix("error: ").unwrap_or(line);
            let line = line.strip_prefix("tip: ").unwrap_or(line);
            let joint = match message.chars().last() {
                None => "",
                Some(':') => " ",
                Some(_) => "; ",
            };
            message.push_str(joint);
            message.push_str(line);
        }
        Self::Usage(message)
    }
}
