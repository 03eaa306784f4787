//! Times a program from its start until it is reaped.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::child::{display, text_of};
use crate::ending::{self, Deadline};

/// The time in nanoseconds. The standard library starts the program by posix_spawn(3).
pub(crate) fn time(command: &mut Command, limit: Duration) -> Result<f64> {
    let messages = tempfile::tempfile().context("no temporary file for stderr")?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(messages.try_clone()?);
    let began = Instant::now();
    let child = command.spawn();
    let mut child = child.with_context(|| format!("cannot start {}", display(command)))?;
    let status = ending::wait(&mut child, Deadline::after(limit));
    let took = began.elapsed();
    let status = status.with_context(|| display(command))?;
    if !status.success() {
        bail!("{} failed ({status}): {}", display(command), text_of(messages)?.trim_end());
    }
    Ok(took.as_secs_f64() * 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_mins(1);

    #[test]
    fn a_start_is_timed_until_the_program_has_ended() {
        let took = time(Command::new("sleep").arg("0.05"), LIMIT).unwrap();
        assert!(took >= 50e6, "{took}");
    }

    #[test]
    fn a_program_that_fails_has_no_time() {
        let error = time(Command::new("sh").args(["-c", "echo no memory >&2; exit 125"]), LIMIT).unwrap_err();
        assert!(error.to_string().contains("no memory"), "{error}");
    }
}
