//! Counters over time.

use serde::{Deserialize, Serialize};

/// What a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) enum Kind {
    /// Interrupts of the CPU, by line.
    Interrupt,
    /// Soft interrupts of the CPU, by kind.
    SoftInterrupt,
    /// Nanoseconds for which whoever is below this Linux had the CPU.
    Steal,
    /// Nanoseconds for which the thread could run and another did.
    RunDelay,
    /// Switches to another thread that the thread did not ask for.
    Switches,
    /// KVM's events of the vCPU, by name.
    Kvm,
}

/// A counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Counter {
    /// What it counts.
    pub(in super::super) kind: Kind,
    /// Its name, as Linux spells it.
    pub(in super::super) name: String,
}

/// The counters at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Moment {
    /// The time-stamp counter before they were read and after it.
    pub(in super::super) ticks: (u64, u64),
    /// Their values, in the counters' order; none where there was no such counter.
    pub(in super::super) values: Vec<Option<u64>>,
}

/// Counters over time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Series {
    /// All counters that there ever were.
    pub(in super::super) counters: Vec<Counter>,
    /// Their values, in the order of time.
    pub(in super::super) moments: Vec<Moment>,
}

/// A counter's value.
pub(super) type Reading = (Kind, String, u64);

impl Series {
    /// Adds a moment.
    pub(super) fn add(&mut self, ticks: (u64, u64), readings: Vec<Reading>) {
        let mut values = vec![None; self.counters.len()];
        for (order, (kind, name, value)) in readings.into_iter().enumerate() {
            let place = self.place(order, kind, name);
            values.resize(self.counters.len(), None);
            values[place] = Some(value);
        }
        self.moments.push(Moment { ticks, values });
    }

    /// The place of a counter, most often that of the last time.
    fn place(&mut self, order: usize, kind: Kind, name: String) -> usize {
        let is = |counter: &Counter| counter.kind == kind && counter.name == name;
        if self.counters.get(order).is_some_and(is) {
            return order;
        }
        self.counters.iter().position(is).unwrap_or_else(|| {
            self.counters.push(Counter { kind, name });
            self.counters.len() - 1
        })
    }

    /// How much each counter rose between a moment and the one before.
    pub(in super::super) fn rises<'a>(&'a self, pair: &'a [Moment]) -> impl Iterator<Item = (&'a Counter, u64)> {
        let value = |moment: &Moment, place: usize| moment.values.get(place).copied().flatten();
        self.counters.iter().enumerate().filter_map(move |(place, counter)| {
            let [earlier, later] = pair else { return None };
            let rise = value(later, place)?.saturating_sub(value(earlier, place)?);
            (rise > 0).then_some((counter, rise))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_that_come_later_rise_from_their_second_value_on() {
        let mut series = Series::default();
        let steal = |value| (Kind::Steal, "steal".to_owned(), value);
        let line = |value| (Kind::Interrupt, "LOC".to_owned(), value);
        series.add((0, 1), vec![steal(5)]);
        series.add((10, 11), vec![line(100), steal(5)]);
        series.add((20, 21), vec![line(103), steal(9)]);
        let rises: Vec<Vec<(&str, u64)>> = series
            .moments
            .windows(2)
            .map(|pair| series.rises(pair).map(|(counter, rise)| (counter.name.as_str(), rise)).collect())
            .collect();
        assert_eq!(rises, [vec![], vec![("steal", 4), ("LOC", 3)]]);
    }
}
