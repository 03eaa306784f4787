use super::super::watch::{Counter, Moment};
use super::*;

/// A tick is a nanosecond.
const KHZ: u32 = 1_000_000;

/// Readings every 10 ms, each of which took 0.1 ms; the counters rise by these amounts before each.
fn series(counters: &[(Kind, &str)], rises: &[&[u64]]) -> Series {
    let counters: Vec<Counter> =
        counters.iter().map(|(kind, name)| Counter { kind: *kind, name: (*name).to_owned() }).collect();
    let mut values = vec![0; counters.len()];
    let mut moments = vec![moment(0, &values)];
    for (index, rises) in (1..).zip(rises) {
        values.iter_mut().zip(*rises).for_each(|(value, rise)| *value += rise);
        moments.push(moment(index * 10_000_000, &values));
    }
    Series { counters, moments }
}

fn moment(ticks: u64, values: &[u64]) -> Moment {
    Moment { ticks: (ticks, ticks + 100_000), values: values.iter().copied().map(Some).collect() }
}

fn gap(begin: u64, excess: u64) -> Gap {
    Gap { time: (begin, begin + 10_000 + excess), excess }
}

fn explain(series: &Series, exits: &[SeenExit], gaps: &[Gap]) -> Vec<Cause> {
    Evidence::new(series, exits.iter().collect(), KHZ).explain(gaps)
}

#[test]
fn an_exit_explains_the_gap_in_which_it_was() {
    let exits = [SeenExit { vcpu: 0, ticks: 5_020_000, reason: "device_write".to_owned() }];
    let causes = explain(&series(&[], &[&[]]), &exits, &[gap(5_000_000, 30_000), gap(6_000_000, 30_000)]);
    assert_eq!(causes, [Cause::Exit("device_write".to_owned()), Cause::Unknown]);
}

#[test]
fn waiting_explains_gaps_up_to_twice_its_length_in_its_time_only() {
    let series = series(&[(Kind::RunDelay, "delay"), (Kind::Switches, "switches")], &[&[0, 0], &[400_000, 9]]);
    let gaps = [gap(5_000_000, 400_000), gap(12_000_000, 30_000), gap(15_000_000, 500_000)];
    assert_eq!(explain(&series, &[], &gaps), [Cause::Unknown, Cause::Unknown, Cause::Preempted]);
    let too_long = [gap(15_000_000, 900_000)];
    assert_eq!(explain(&series, &[], &too_long), [Cause::Unknown]);
}

#[test]
fn there_are_no_more_waits_than_switches_to_another_task() {
    let series = series(&[(Kind::RunDelay, "delay"), (Kind::Switches, "switches")], &[&[900_000, 1]]);
    let causes = explain(&series, &[], &[gap(2_000_000, 20_000), gap(4_000_000, 30_000)]);
    assert_eq!(causes, [Cause::Unknown, Cause::Preempted]);
}

#[test]
fn steal_time_in_ticks_says_nothing_about_microseconds() {
    let series = series(&[(Kind::Steal, "steal")], &[&[10_000_000]]);
    assert_eq!(explain(&series, &[], &[gap(2_000_000, 20_000)]), [Cause::Unknown]);
}

#[test]
fn an_interrupt_explains_one_gap_and_the_timer_comes_last() {
    let series = series(&[(Kind::Interrupt, "LOC (timer)"), (Kind::Interrupt, "36 (disk)")], &[&[1, 1]]);
    let gaps = [gap(1_000_000, 3_000), gap(2_000_000, 9_000), gap(3_000_000, 2_000)];
    let [timer, disk] = ["LOC (timer)", "36 (disk)"].map(|line| Cause::Interrupt(line.to_owned()));
    assert_eq!(explain(&series, &[], &gaps), [timer, disk, Cause::Unknown]);
}

#[test]
fn no_interrupt_takes_milliseconds_but_steal_time_does() {
    let counters = [(Kind::Interrupt, "LOC (timer)"), (Kind::Steal, "steal")];
    let gaps = [gap(1_000_000, 4_000_000)];
    assert_eq!(explain(&series(&counters, &[&[3, 0]]), &[], &gaps), [Cause::Unknown]);
    assert_eq!(explain(&series(&counters, &[&[3, 10_000_000]]), &[], &gaps), [Cause::Steal]);
}

#[test]
fn exits_that_were_no_interrupts_are_kvms() {
    let series = series(&[(Kind::Kvm, "exits"), (Kind::Kvm, "irq_exits")], &[&[5, 4]]);
    let causes = explain(&series, &[], &[gap(1_000_000, 3_000), gap(2_000_000, 3_000)]);
    assert_eq!(causes, [Cause::KernelExit, Cause::Unknown]);
}

#[test]
fn what_was_counted_while_it_was_read_may_belong_to_either_time() {
    let series = series(&[(Kind::RunDelay, "delay"), (Kind::Switches, "switches")], &[&[20_000, 1], &[0, 0]]);
    assert_eq!(explain(&series, &[], &[gap(10_050_000, 20_000)]), [Cause::Preempted]);
    assert_eq!(explain(&series, &[], &[gap(10_200_000, 20_000)]), [Cause::Unknown]);
}

#[test]
fn without_evidence_everything_is_unknown() {
    assert_eq!(explain(&Series::default(), &[], &[gap(0, 5), gap(u64::MAX / 2, 5)]), [Cause::Unknown, Cause::Unknown]);
}
