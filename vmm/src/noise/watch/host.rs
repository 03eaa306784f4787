//! What Linux counts for a CPU: interrupts, soft interrupts (proc_interrupts(5), proc_softirqs(5)) and steal time (proc_stat(5)).

use std::fs;

use rustix::param::clock_ticks_per_second;

use super::Kind;
use super::series::Reading;

/// The column of /proc/stat with the steal time, after the CPU's name.
const STEAL: usize = 7;

pub(super) fn read(cpu: u32) -> Vec<Reading> {
    let text = |file| fs::read_to_string(file).unwrap_or_default();
    let mut readings = lines(Kind::Interrupt, &text("/proc/interrupts"), cpu);
    readings.extend(lines(Kind::SoftInterrupt, &text("/proc/softirqs"), cpu));
    let steal = steal(&text("/proc/stat"), cpu, clock_ticks_per_second());
    readings.extend(steal.map(|nanoseconds| (Kind::Steal, "steal time".to_owned(), nanoseconds)));
    readings
}

/// The CPU's column of a table with a heading like `CPU0 CPU2`.
fn lines(kind: Kind, text: &str, cpu: u32) -> Vec<Reading> {
    let heading = format!("CPU{cpu}");
    let mut lines = text.lines();
    let mut headings = lines.next().unwrap_or_default().split_whitespace();
    let Some(columns) =
        headings.clone().position(|word| word == heading).map(|place| (place, headings.by_ref().count()))
    else {
        return Vec::new();
    };
    let line = |line: &str| {
        let (name, rest) = line.split_once(':')?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        let value = words.get(columns.0)?.parse().ok()?;
        Some((kind, full_name(name.trim(), words.get(columns.1..)?), value))
    };
    lines.filter_map(line).collect()
}

/// `LOC (Local timer interrupts)`, `36 (virtio1-req.0)`: a numbered line ends with its device.
fn full_name(name: &str, description: &[&str]) -> String {
    let numbered = name.bytes().all(|byte| byte.is_ascii_digit());
    let description =
        if numbered { description.last().copied().unwrap_or_default().to_owned() } else { description.join(" ") };
    if description.is_empty() { name.to_owned() } else { format!("{name} ({description})") }
}

/// The CPU's steal time in nanoseconds.
fn steal(text: &str, cpu: u32, ticks_per_second: u64) -> Option<u64> {
    let name = format!("cpu{cpu}");
    let line = text.lines().find_map(|line| line.strip_prefix(&name)?.strip_prefix(' '))?;
    let ticks: u64 = line.split_whitespace().nth(STEAL)?.parse().ok()?;
    ticks.checked_mul(1_000_000_000 / ticks_per_second.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERRUPTS: &str = "           CPU0       CPU2\n 24:  1  20  IO-APIC 5-edge  eth0-rx\n\
                              LOC:  300  4000 Local timer interrupts\nERR:  7\n";

    #[test]
    fn the_column_of_the_cpu_is_read_with_names() {
        let expected = [
            (Kind::Interrupt, "24 (eth0-rx)".to_owned(), 20),
            (Kind::Interrupt, "LOC (Local timer interrupts)".to_owned(), 4000),
        ];
        assert_eq!(lines(Kind::Interrupt, INTERRUPTS, 2), expected);
        // What Linux counts for all CPUs together is none of this one's.
        assert_eq!(lines(Kind::Interrupt, INTERRUPTS, 0).len(), 2);
        assert_eq!(lines(Kind::Interrupt, INTERRUPTS, 1), []);
    }

    #[test]
    fn steal_time_is_the_eighth_number() {
        let text = "cpu  9 9 9 9 9 9 9 9 9 9\ncpu1 1 2 3 4 5 6 7 8 9 0\ncpu11 1 2 3 4 5 6 7 80 9 0\n";
        assert_eq!(steal(text, 1, 100), Some(80_000_000));
        assert_eq!(steal(text, 11, 1000), Some(80_000_000));
        assert_eq!(steal(text, 2, 100), None);
    }
}
