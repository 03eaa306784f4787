use super::super::order::Work;
use super::super::record::Marks;
use super::super::watch::{Counter, Kind, Moment, Series, Watched};
use super::*;

const DELAY: &str = "another task had the CPU";

/// A plan for one CPU and quanta of 10 us; a tick is a nanosecond.
fn plan() -> Plan {
    let cpus = "1".parse().expect("a list");
    let works = vec![Work { steps: 1000, ticks: 1_000_000, most: 100 }];
    let quanta = vec!["10us".parse().expect("a length")];
    Plan { cpus, tsc_khz: 1_000_000, quanta, works, slice: 1_000_000_000, rounds: 1 }
}

/// A slice from `begin` on, of quanta that take this long, in which the thread once had to wait.
fn slice(side: Side, begin: u64, quanta: &[u64]) -> Slice {
    let mut ticks = vec![begin + 1000];
    ticks.extend(quanta.iter().scan(begin + 1000, |now, quantum| {
        *now += quantum;
        Some(*now)
    }));
    let counters = [(Kind::RunDelay, DELAY), (Kind::Interrupt, "LOC (timer)"), (Kind::Switches, "switches")];
    let counters = counters.map(|(kind, name)| Counter { kind, name: name.to_owned() }).to_vec();
    let moment = |at: u64, values: [u64; 3]| Moment { ticks: (at, at + 100), values: values.map(Some).to_vec() };
    // The first reading is before the work begins, so what rises until the second belongs to no side.
    let moments =
        vec![moment(begin, [0, 0, 0]), moment(begin + 2000, [0, 1, 0]), moment(begin + 9_000_000, [20_000, 6, 1])];
    let moments = [moments, vec![moment(begin + 9_500_000, [20_000, 6, 1])]].concat();
    let series = vec![Series { counters, moments }];
    let watched = Watched { span: (begin, begin + 10_000_000), series, exits: Vec::new() };
    Slice { side, marks: vec![Marks { work: 0, thread: 0, ticks }], watched }
}

/// A report of a measurement in which the LWK's worst is half of Linux's.
pub(in super::super) fn report() -> Report {
    let native = [vec![10_000; 50], vec![40_000], vec![10_000; 10]].concat();
    let lwk = [vec![10_000; 50], vec![25_000], vec![10_000; 900]].concat();
    Report::new(&plan(), &[slice(Side::Native, 0, &native), slice(Side::Lwk, 1_000_000_000, &lwk)])
}

#[test]
fn sides_are_evaluated_apart_and_compared() {
    let quantum = &report().quanta[0];
    let times = quantum.times.both().map(|(_, times)| times.clone().expect("measured"));
    assert_eq!(times.each_ref().map(|times| (times.count, times.excess_worst)), [(61, 30_000.0), (951, 15_000.0)]);
    assert_eq!((quantum.fastest, quantum.worst_ratio), (10_000.0, Some(0.5)));
}

#[test]
fn gaps_have_causes_and_the_moment_since_the_beginning() {
    let gaps = report().quanta[0].gaps.clone();
    for (gaps, excess, at) in [(&gaps.native, 30_000.0, 501_000.0), (&gaps.lwk, 15_000.0, 1_000_501_000.0)] {
        assert_eq!((gaps.count, gaps.worst.len(), gaps.causes.len()), (1, 1, 1));
        assert_eq!((gaps.worst[0].excess, gaps.worst[0].at), (excess, at));
        assert_eq!(gaps.causes[0].cause, "another task on the CPU");
    }
}

#[test]
fn only_what_rose_while_measuring_is_added_up() {
    let lwk = report().totals.lwk;
    let value = |name: &str| lwk.iter().find(|total| total.name == name).map(|total| (total.value, total.is_time));
    assert_eq!(value("interrupts: LOC (timer)"), Some((5, false)));
    assert_eq!(value(DELAY), Some((20_000, true)));
}

#[test]
fn a_clock_that_is_not_the_hosts_explains_nothing() {
    let mut slices = [slice(Side::Native, 0, &[10_000, 40_000]), slice(Side::Lwk, 0, &[10_000, 40_000])];
    slices[1].watched.span = (0, 30_000);
    let report = Report::new(&plan(), &slices);
    assert!(!report.clocks_agree);
    assert!(report.quanta[0].gaps.lwk.causes[0].cause.starts_with("unknown"));
}

#[test]
fn a_side_without_quanta_is_no_comparison() {
    let quantum = &Report::new(&plan(), &[slice(Side::Native, 0, &[10_000])]).quanta[0];
    assert_eq!((quantum.times.lwk.clone(), quantum.worst_ratio, quantum.ratio_99_99), (None, None, None));
}

#[test]
fn machines_get_every_figure() {
    let json = serde_json::to_value(report()).expect("JSON");
    assert_eq!(json["quanta"][0]["times"]["lwk"]["excess_worst"], 15_000.0);
    assert_eq!(json["quanta"][0]["gaps"]["native"]["worst"][0]["excess"], 30_000.0);
}
