//! A whole program, from its start until it is reaped.
//!
//! Memory is touched and given back first. On virtual machines the first touch of a page may cost twenty times the later
//! ones, and a program that happens to get the partition's first pages would be measured by that.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::{Read, Seek, SeekFrom};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use bench::line::Report;

use crate::arch::fresh_memory;
use crate::arguments::Arguments;
use crate::sampler::Sampler;

/// Bytes that are made warm.
const WARM: usize = 1 << 30;

/// One operation is one run.
pub(crate) fn measure(sampler: Sampler, arguments: &Arguments) -> Result<Report> {
    let (program, words) = arguments.words.split_first().context("no program is named")?;
    fresh_memory::touch(WARM)?;
    let mut output = tempfile::tempfile_in(&arguments.disk).context("no temporary file for stdout")?;
    let mut command = Command::new(program);
    command.args(words).current_dir(&arguments.disk).stdin(Stdio::null()).stdout(output.try_clone()?);
    let mut report = sampler.measure_once(|| {
        let status = command.status().with_context(|| format!("cannot start {}", program.display()))?;
        ensure!(status.success(), "{} failed: {status}", program.display());
        Ok(0)
    })?;
    report.checksum = hash(&result(arguments, &mut output)?, arguments.lines.as_deref());
    Ok(report)
}

fn result(arguments: &Arguments, output: &mut File) -> Result<Vec<u8>> {
    if let Some(name) = &arguments.result {
        let file = arguments.disk.join(name);
        return fs::read(&file).with_context(|| format!("the program left no {}", file.display()));
    }
    let mut bytes = Vec::new();
    output.seek(SeekFrom::Start(0))?;
    output.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Of all, or of the lines that begin with `beginning`.
fn hash(bytes: &[u8], beginning: Option<&str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if beginning.is_none_or(|text| line.starts_with(text.as_bytes())) {
            hasher.write(line);
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_with_the_beginning_count() {
        assert_ne!(hash(b"energy 1\ntime 2\n", None), hash(b"energy 1\ntime 3\n", None));
        assert_eq!(hash(b"energy 1\ntime 2\n", Some("energy")), hash(b"energy 1\ntime 3\n", Some("energy")));
        assert_ne!(hash(b"energy 1\n", Some("energy")), hash(b"energy 2\n", Some("energy")));
    }
}
