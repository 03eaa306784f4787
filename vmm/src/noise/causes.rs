//! Why a quantum took longer: what was counted at that time is laid beside it.
//!
//! The moments of VM exits are known. Everything else is known by the few milliseconds in which a counter rose, so each
//! rise is a budget: an interrupt that was counted once explains one gap, and so does a switch to another task, if the thread
//! waited for half of the gap at least. The largest gaps are explained first, and what nothing is left for is called
//! unknown rather than guessed at.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use super::watch::{Kind, Series};
use crate::vm::SeenExit;

/// Nanoseconds above which no interrupt alone explains a gap: handlers and the soft interrupts after them are done by then.
const LONGEST_INTERRUPT: u64 = 1_000_000;
/// Nanoseconds below which steal time, which is counted in ticks of milliseconds, says nothing about a gap.
const SHORTEST_STEAL: u64 = 100_000;
/// The line of the timer. It rises all the time, so any other line that rose is the better explanation.
const TIMER: &str = "LOC ";

/// Why a quantum took longer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// The vCPU's thread left the guest for the VMM meanwhile, for this reason.
    Exit(String),
    /// Another task had the CPU.
    Preempted,
    /// Whoever is below this Linux had the CPU.
    Steal,
    /// An interrupt of the host, on this line.
    Interrupt(String),
    /// KVM had something to do that was no interrupt.
    KernelExit,
    /// Nothing that was counted.
    Unknown,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(reason) => write!(f, "VM exit to the VMM: {reason}"),
            Self::Preempted => write!(f, "another task on the CPU"),
            Self::Steal => write!(f, "steal time"),
            Self::Interrupt(line) => write!(f, "host interrupt: {line}"),
            Self::KernelExit => write!(f, "VM exit inside KVM"),
            Self::Unknown => write!(f, "unknown (SMM, hypervisor below, other)"),
        }
    }
}

/// A quantum that took longer, in ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// When it began and ended.
    pub(super) time: (u64, u64),
    /// How much longer it took than the fastest.
    pub(super) excess: u64,
}

/// What is left to explain gaps between two readings. Times are in nanoseconds.
#[derive(Debug, Default)]
struct Budget {
    /// The readings overlap, because an event during one may be in either.
    time: (u64, u64),
    run_delay: u64,
    switches: u64,
    steal: u64,
    interrupts: BTreeMap<String, u64>,
    kernel_exits: u64,
}

/// What is known about the time of one thread.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    budgets: Vec<Budget>,
    exits: Vec<&'a SeenExit>,
    tsc_khz: u32,
}

impl<'a> Evidence<'a> {
    /// From what was counted for a thread; `exits` are its vCPU's.
    pub(super) fn new(series: &Series, exits: Vec<&'a SeenExit>, tsc_khz: u32) -> Self {
        let budgets = series.moments.windows(2).map(|pair| {
            let mut budget = Budget { time: (pair[0].ticks.0, pair[1].ticks.1), ..Budget::default() };
            let mut known = 0;
            for (counter, rise) in series.rises(pair) {
                match (counter.kind, counter.name.as_str()) {
                    (Kind::RunDelay, _) => budget.run_delay += rise,
                    (Kind::Switches, _) => budget.switches += rise,
                    (Kind::Steal, _) => budget.steal += rise,
                    (Kind::Interrupt, name) => drop(budget.interrupts.insert(name.to_owned(), rise)),
                    (Kind::Kvm, "exits") => budget.kernel_exits += rise,
                    (Kind::Kvm, "irq_exits" | "io_exits" | "mmio_exits" | "signal_exits") => known += rise,
                    (Kind::Kvm | Kind::SoftInterrupt, _) => {}
                }
            }
            budget.kernel_exits = budget.kernel_exits.saturating_sub(known);
            budget
        });
        Self { budgets: budgets.collect(), exits, tsc_khz }
    }

    /// The cause of each gap, in their order.
    pub(super) fn explain(mut self, gaps: &[Gap]) -> Vec<Cause> {
        let mut order: Vec<usize> = (0..gaps.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(gaps[*index].excess));
        let mut causes = vec![Cause::Unknown; gaps.len()];
        for index in order {
            causes[index] = self.cause(&gaps[index]);
        }
        causes
    }

    fn cause(&mut self, gap: &Gap) -> Cause {
        if let Some(exit) = self.exits.iter().find(|exit| (gap.time.0..=gap.time.1).contains(&exit.ticks)) {
            return Cause::Exit(exit.reason.clone());
        }
        let excess = u64::try_from(u128::from(gap.excess) * 1_000_000 / u128::from(self.tsc_khz.max(1)));
        let excess = excess.unwrap_or(u64::MAX);
        let near = near(&self.budgets, gap);
        let budgets = &mut self.budgets[near];
        let switched = budgets.iter().any(|budget| budget.switches > 0);
        if switched && spend(budgets, excess, |budget| &mut budget.run_delay) {
            spend_one(budgets, |budget| Some(&mut budget.switches));
            return Cause::Preempted;
        }
        if excess >= SHORTEST_STEAL && spend(budgets, excess, |budget| &mut budget.steal) {
            return Cause::Steal;
        }
        if excess > LONGEST_INTERRUPT {
            return Cause::Unknown;
        }
        if let Some(line) = interrupt(budgets) {
            return Cause::Interrupt(line);
        }
        let kernel_exit = spend_one(budgets, |budget| Some(&mut budget.kernel_exits));
        if kernel_exit { Cause::KernelExit } else { Cause::Unknown }
    }
}

/// The budgets of the time in which the gap lies.
fn near(budgets: &[Budget], gap: &Gap) -> Range<usize> {
    let first = budgets.partition_point(|budget| budget.time.1 < gap.time.0);
    let last = budgets.partition_point(|budget| budget.time.0 <= gap.time.1);
    first..last.max(first)
}

/// Takes `amount` of what is left, if at least half of it is there.
fn spend(budgets: &mut [Budget], amount: u64, of: fn(&mut Budget) -> &mut u64) -> bool {
    let left: u64 = budgets.iter_mut().map(|budget| *of(budget)).sum();
    if left == 0 || left < amount / 2 {
        return false;
    }
    let mut wanted = amount;
    for budget in budgets {
        let part = wanted.min(*of(budget));
        *of(budget) -= part;
        wanted -= part;
    }
    true
}

fn spend_one(budgets: &mut [Budget], of: impl Fn(&mut Budget) -> Option<&mut u64>) -> bool {
    let left = budgets.iter_mut().filter_map(of).find(|left| **left > 0);
    left.is_some_and(|left| {
        *left -= 1;
        true
    })
}

/// Takes an interrupt that is left, the rarest line first and the timer last.
fn interrupt(budgets: &mut [Budget]) -> Option<String> {
    let left = budgets.iter().flat_map(|budget| &budget.interrupts).filter(|(_, count)| **count > 0);
    let (line, _) = left.min_by_key(|(line, count)| (line.starts_with(TIMER), **count))?;
    let line = line.clone();
    spend_one(budgets, |budget| budget.interrupts.get_mut(&line)).then_some(line)
}

#[cfg(test)]
mod tests;
