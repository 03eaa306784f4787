//! Where the agent's own descriptors lie: out of the program's way.
//!
//! A program's first free descriptor must be the natural one and its limit must be its own. So the agent's lie right
//! above the soft limit where Linux will not give any out; if there is no room (the hard limit is the soft one), right
//! below it. Every call that names one of them is refused as if it were closed.

use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::arch;
use crate::int::{int, low};

/// How many descriptors there are at most.
const COUNT: u32 = 4096;
/// The lowest place: programs that count on a fixed number of descriptors count on fewer.
const LOWEST: u32 = 512;
/// The highest place, because Linux keeps a table as long as the highest number.
const HIGHEST: u32 = 65_536;

/// The numbers of the agent's own descriptors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct OwnDescriptors {
    first: u32,
    end: u32,
}

impl OwnDescriptors {
    /// Chooses by the limits of this process (RLIMIT_NOFILE, getrlimit(2)).
    pub(crate) fn choose() -> Self {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        Self::within(number(current), number(maximum))
    }

    const fn within(soft: u32, hard: u32) -> Self {
        let above = if soft < LOWEST { LOWEST } else { soft };
        if above <= HIGHEST && hard.saturating_sub(above) >= COUNT {
            return Self { first: above, end: above + COUNT };
        }
        let end = if soft > HIGHEST { HIGHEST } else { soft };
        let count = if end / 4 < COUNT { end / 4 } else { COUNT };
        Self { first: end - count, end }
    }

    /// Whether a descriptor argument names one of them. Linux looks at the low 32 bits.
    pub(crate) const fn contains(self, raw: u64) -> bool {
        let number = low(raw);
        self.first <= number && number < self.end
    }

    /// Their numbers.
    pub(crate) fn numbers(self) -> Range<u64> {
        self.first.into()..self.end.into()
    }

    /// Whether some of them are below `number`.
    pub(crate) const fn reaches_below(self, number: u64) -> bool {
        (self.first as u64) < number
    }

    /// The range from `first` to `last` without them: what is below and what is above, each empty if its first is
    /// greater than its last.
    pub(crate) fn around(self, first: u64, last: u64) -> [(u64, u64); 2] {
        let below = last.min(u64::from(self.first) - 1);
        let above = first.max(u64::from(self.end));
        if first > below { [(above, last), (1, 0)] } else { [(first, below), (above, last)] }
    }

    /// The program's descriptor `raw`; `None` if it is not one it may use. It may be closed.
    pub(crate) fn borrow(self, raw: u64) -> Option<BorrowedFd<'static>> {
        let number = int(raw);
        if self.contains(raw) || number < 0 {
            return None;
        }
        Some(arch::borrow_descriptor(number))
    }

    /// Moves a descriptor to where they lie.
    ///
    /// # Errors
    /// EMFILE if there is no room.
    #[expect(clippy::needless_pass_by_value, reason = "the old number is closed")]
    pub(crate) fn adopt(self, file: OwnedFd) -> io::Result<OwnedFd> {
        self.duplicate(&file)
    }

    /// Duplicates a descriptor to where they lie. One thread at a time.
    ///
    /// # Errors
    /// EMFILE if there is no room.
    pub(crate) fn duplicate(self, file: impl std::os::fd::AsFd) -> io::Result<OwnedFd> {
        let first = self.first.cast_signed();
        let copy = match rustix::io::fcntl_dupfd_cloexec(&file, first) {
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::MFILE) => {
                let _limit = RaisedLimit::to(self.end)?;
                rustix::io::fcntl_dupfd_cloexec(&file, first)?
            }
            other => other?,
        };
        let number = u32::try_from(copy.as_raw_fd()).unwrap_or(u32::MAX);
        if number < self.end { Ok(copy) } else { Err(rustix::io::Errno::MFILE.into()) }
    }
}

/// The limit on descriptors, raised for a moment.
struct RaisedLimit(Rlimit);

impl RaisedLimit {
    fn to(wanted: u32) -> io::Result<Self> {
        let before = getrlimit(Resource::Nofile);
        let maximum = before.maximum.map(|maximum| maximum.max(wanted.into()));
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted.into()), maximum })
            .map_err(|_| rustix::io::Errno::MFILE)?;
        Ok(Self(before))
    }
}

impl Drop for RaisedLimit {
    fn drop(&mut self) {
        // Lowering is always allowed.
        let _ = setrlimit(Resource::Nofile, self.0);
    }
}

fn number(limit: Option<u64>) -> u32 {
    limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_lie_above_the_soft_limit_where_that_is_allowed() {
        assert_eq!(OwnDescriptors::within(1024, 524_288), OwnDescriptors { first: 1024, end: 5120 });
        assert_eq!(OwnDescriptors::within(64, 524_288), OwnDescriptors { first: 512, end: 4608 });
    }

    #[test]
    fn they_lie_below_the_soft_limit_where_it_is_the_hard_one() {
        assert_eq!(OwnDescriptors::within(20_000, 20_000), OwnDescriptors { first: 15_904, end: 20_000 });
        assert_eq!(OwnDescriptors::within(1024, 1024), OwnDescriptors { first: 768, end: 1024 });
        assert_eq!(OwnDescriptors::within(1 << 20, 1 << 20), OwnDescriptors { first: 61_440, end: 65_536 });
    }

    #[test]
    fn a_range_is_cut_around_them() {
        let own = OwnDescriptors { first: 100, end: 200 };
        assert_eq!(own.around(3, 5), [(3, 5), (200, 5)]);
        assert_eq!(own.around(3, 1000), [(3, 99), (200, 1000)]);
        assert_eq!(own.around(150, 1000), [(200, 1000), (1, 0)]);
        assert_eq!(own.around(150, 160), [(200, 160), (1, 0)]);
        assert_eq!(own.around(300, 400), [(300, 400), (1, 0)]);
    }

    #[test]
    fn only_the_low_half_of_an_argument_counts() {
        let own = OwnDescriptors { first: 100, end: 200 };
        assert!(own.contains(0xffff_ffff_0000_0064));
        assert!(!own.contains(200) && !own.contains(u64::MAX));
    }
}
