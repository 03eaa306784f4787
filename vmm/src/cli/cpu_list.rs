//! Sets of CPUs in Linux's own notation (cpuset(7), "List format"), as `taskset -c`, the kernel's boot parameters and
//! sysfs spell them.
//!
//! The kernel merges overlapping items silently. Here an overlap is an error: whoever writes `0-7,4-11` has
//! miscounted, and a partition that is smaller than its user believes is found out only by its run times.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Highest CPU number that is understood; Linux's own limit (`NR_CPUS`) on x86-64 is 8192.
const HIGHEST_CPU: u32 = 65_535;

/// A set of CPU numbers, not empty, in rising order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuList(Vec<u32>);

/// Why a text is not a [`CpuList`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CpuListError {
    /// No CPU at all.
    #[error("the CPU list is empty; name at least one CPU, as in 2-5")]
    Empty,
    /// An item that is not in the list format.
    #[error("'{0}' is not a CPU or a range; write numbers and ranges, as in 0-3,8 or 0-15:2/4")]
    Malformed(String),
    /// A range whose end lies before its begin.
    #[error("the range '{0}' runs backwards; write the lower CPU first")]
    Backwards(String),
    /// A number that no Linux machine has.
    #[error("'{0}' names a CPU above {HIGHEST_CPU}, which no machine has")]
    TooHigh(String),
    /// A CPU that stands in two items.
    #[error("CPU {0} stands in the list twice; remove the overlap")]
    Overlap(u32),
}

impl CpuList {
    /// The set of the given CPUs, or `None` if there are none. Repeated numbers count once.
    #[must_use]
    pub fn new(cpus: impl IntoIterator<Item = u32>) -> Option<Self> {
        let set: BTreeSet<u32> = cpus.into_iter().collect();
        (!set.is_empty()).then(|| Self(set.into_iter().collect()))
    }

    /// The CPU numbers in rising order.
    #[must_use]
    pub fn as_slice(&self) -> &[u32] {
        &self.0
    }

    /// Whether the set has this CPU.
    #[must_use]
    pub fn contains(&self, cpu: u32) -> bool {
        self.0.binary_search(&cpu).is_ok()
    }
}

impl FromStr for CpuList {
    type Err = CpuListError;

    fn from_str(text: &str) -> Result<Self, CpuListError> {
        if text.trim().is_empty() {
            return Err(CpuListError::Empty);
        }
        let mut set = BTreeSet::new();
        for item in text.split(',') {
            for cpu in Item::parse(item)?.cpus() {
                if !set.insert(cpu) {
                    return Err(CpuListError::Overlap(cpu));
                }
            }
        }
        Self::new(set).ok_or(CpuListError::Empty)
    }
}

/// One item of a list: of every `group` CPUs from `first` to `last`, the first `used`.
struct Item {
    first: u32,
    last: u32,
    used: u32,
    group: u32,
}

impl Item {
    fn parse(item: &str) -> Result<Self, CpuListError> {
        let malformed = || CpuListError::Malformed(item.to_owned());
        let (range, groups) = match item.split_once(':') {
            Some((range, groups)) => (range, Some(groups)),
            None => (item, None),
        };
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (number(first, item)?, number(last, item)?),
            None if groups.is_some() => return Err(malformed()),
            None => (number(range, item)?, number(range, item)?),
        };
        if last < first {
            return Err(CpuListError::Backwards(item.to_owned()));
        }
        let (used, group) = match groups {
            None => (1, 1),
            Some(text) => {
                let (used, group) = text.split_once('/').ok_or_else(malformed)?;
                (number(used, item)?, number(group, item)?)
            }
        };
        if used == 0 || used > group {
            return Err(malformed());
        }
        Ok(Self { first, last, used, group })
    }

    fn cpus(&self) -> impl Iterator<Item = u32> {
        (self.first..=self.last).filter(|cpu| (cpu - self.first) % self.group < self.used)
    }
}

fn number(text: &str, item: &str) -> Result<u32, CpuListError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(CpuListError::Malformed(item.to_owned()));
    }
    match text.parse() {
        Ok(cpu) if cpu <= HIGHEST_CPU => Ok(cpu),
        _ => Err(CpuListError::TooHigh(item.to_owned())),
    }
}

impl fmt::Display for CpuList {
    /// The shortest list of numbers and ranges, as the kernel prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, run) in self.0.chunk_by(|a, b| a + 1 == *b).enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match run {
                [single] => write!(f, "{comma}{single}")?,
                [first, .., last] => write!(f, "{comma}{first}-{last}")?,
                [] => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Vec<u32>, CpuListError> {
        text.parse::<CpuList>().map(|list| list.as_slice().to_vec())
    }

    #[test]
    fn numbers_ranges_and_groups_are_read() {
        assert_eq!(parse("3"), Ok(vec![3]));
        assert_eq!(parse("8,0-3"), Ok(vec![0, 1, 2, 3, 8]));
        assert_eq!(parse("0-10:2/4"), Ok(vec![0, 1, 4, 5, 8, 9]));
        assert_eq!(parse("5-5"), Ok(vec![5]));
    }

    #[test]
    fn an_empty_list_is_refused() {
        assert_eq!(parse(""), Err(CpuListError::Empty));
        assert_eq!(parse("  "), Err(CpuListError::Empty));
    }

    #[test]
    fn a_cpu_that_stands_twice_is_refused() {
        assert_eq!(parse("0-7,4-11"), Err(CpuListError::Overlap(4)));
        assert_eq!(parse("1,1"), Err(CpuListError::Overlap(1)));
    }

    #[test]
    fn a_backward_range_is_refused() {
        assert_eq!(parse("3-1"), Err(CpuListError::Backwards("3-1".to_owned())));
    }

    #[test]
    fn numbers_that_no_machine_has_are_refused() {
        for text in ["65536", "0-4294967296", "99999999999999999999"] {
            assert_eq!(parse(text), Err(CpuListError::TooHigh(text.to_owned())));
        }
    }

    #[test]
    fn garbage_is_refused() {
        for text in ["a", "1-", "-1", "1--2", "0-3:2", "0-3:0/2", "0-3:3/2", "0-3:1/0", "3:1/2", "+1", "1 "] {
            assert_eq!(parse(text), Err(CpuListError::Malformed(text.to_owned())), "{text}");
        }
        assert_eq!(parse("1,,2"), Err(CpuListError::Malformed(String::new())));
        assert_eq!(parse("1,"), Err(CpuListError::Malformed(String::new())));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(cpus in prop::collection::btree_set(0..=HIGHEST_CPU, 1..64)) {
            let list = CpuList::new(cpus).expect("not empty");
            prop_assert_eq!(list.to_string().parse(), Ok(list));
        }

        #[test]
        fn runs_are_read_back(first in 0..1000u32, length in 1..200u32, gap in 2..50u32) {
            let next = first + length + gap;
            let list = CpuList::new((first..first + length).chain(next..next + length)).expect("not empty");
            prop_assert_eq!(list.to_string().parse(), Ok(list));
        }

        #[test]
        fn groups_take_the_first_of_each(first in 0..100u32, length in 0..300u32, group in 1..20u32, part in 0..20u32) {
            let used = part % group + 1;
            let text = format!("{first}-{}:{used}/{group}", first + length);
            let expected: Vec<u32> = (0..=length).filter(|at| at % group < used).map(|at| first + at).collect();
            prop_assert_eq!(parse(&text), Ok(expected));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9,:/ a-]{0,24}") {
            let _ = text.parse::<CpuList>();
        }
    }
}
