//! How often the kernel interrupts each CPU (`proc_interrupts(5)`, `proc_softirqs(5)`): noise that a partition would
//! feel unless the interrupts are moved away.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Measured, Row, cpus};

const SAMPLE: Duration = Duration::from_millis(250);
/// Interrupts a second that a quiet CPU stays below; a tick alone is 250 to 1000.
const BUSY: f64 = 2000.0;

pub(super) fn rows() -> Vec<Row> {
    const NAME: &str = "interrupts";
    let Some(chosen) = cpus::default_choice() else {
        return Vec::new();
    };
    let rates = rates();
    let shown = |(cpu, rate): &(u32, f64)| format!("CPU {cpu}: {rate:.0}/s");
    let mut busiest = rates.clone();
    busiest.sort_by(|a, b| b.1.total_cmp(&a.1));
    let of_chosen = rates.iter().find(|(cpu, _)| *cpu == chosen).map_or(0.0, |(_, rate)| *rate);
    let value: Vec<String> = busiest.iter().take(8).map(shown).collect();
    let value = format!("{} (busiest first)", value.join(", "));
    let advice = format!(
        "the default partition (CPU {chosen}) would be disturbed: take quieter CPUs with --cpus, or move interrupts away \
         through /proc/irq/*/smp_affinity_list"
    );
    let row = if of_chosen > BUSY { Row::warn(NAME, value, advice) } else { Row::ok(NAME, value) };
    vec![Row { measured: Some(Measured { value: of_chosen, unit: "1/s" }), ..row }]
}

/// Interrupts and soft interrupts a second, by CPU.
fn rates() -> Vec<(u32, f64)> {
    let started = Instant::now();
    let before = counts();
    sleep(SAMPLE);
    let after = counts();
    let seconds = started.elapsed().as_secs_f64();
    let earlier = |cpu: u32| before.iter().find(|(number, _)| *number == cpu).map_or(0, |(_, count)| *count);
    after
        .into_iter()
        .map(|(cpu, count)| {
            (cpu, f64::from(u32::try_from(count.saturating_sub(earlier(cpu))).unwrap_or(u32::MAX)) / seconds)
        })
        .collect()
}

fn counts() -> Vec<(u32, u64)> {
    let mut sums: Vec<(u32, u64)> = Vec::new();
    for file in ["/proc/interrupts", "/proc/softirqs"] {
        let text = fs::read_to_string(file).unwrap_or_default();
        for (cpu, count) in sum_columns(&text) {
            match sums.iter_mut().find(|(number, _)| *number == cpu) {
                Some((_, sum)) => *sum += count,
                None => sums.push((cpu, count)),
            }
        }
    }
    sums
}

/// Adds up the column of each CPU in a table with a heading like `CPU0 CPU2`.
fn sum_columns(text: &str) -> Vec<(u32, u64)> {
    let mut lines = text.lines();
    let heading = lines.next().unwrap_or_default();
    let cpus = heading.split_whitespace().filter_map(|word| word.strip_prefix("CPU")?.parse().ok());
    let mut sums: Vec<(u32, u64)> = cpus.map(|cpu| (cpu, 0)).collect();
    for line in lines {
        let Some((_, columns)) = line.split_once(':') else {
            continue;
        };
        for ((_, sum), word) in sums.iter_mut().zip(columns.split_whitespace()) {
            // What is no number any more is the name of the interrupt.
            let Ok(count) = word.parse::<u64>() else {
                break;
            };
            *sum += count;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_added_up_by_cpu() {
        let text = "           CPU0       CPU2\n 24:  1  20  IO-APIC 5-edge\nLOC:  300  4000 Local timer interrupts\nERR:  7\n";
        assert_eq!(sum_columns(text), [(0, 308), (2, 4020)]);
    }

    #[test]
    fn every_online_cpu_has_a_rate() {
        assert!(!rates().is_empty());
    }
}
