//! The agent's own descriptors, and how they stay out of the program's way.
//!
//! A program's first free descriptor must be the natural one and its limit must be its own. So the agent's lie right
//! above the soft limit where Linux will not give any out; if there is no room (the hard limit is the soft one), right
//! below it. But they do not lie higher than 1,920: Linux copies a table as long as the highest number for every child.
//! A program that opens more than that finds some numbers taken. Every call that names one of them is refused as if it were
//! closed. Only the numbers in use are: a
//! program that raises its limit has the others.

mod file;
mod limit;
mod registry;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use crate::arch;
use crate::int::{int, low};
use limit::RaisedLimit;
use registry::OWN;

pub(crate) use file::OwnFile;

/// How many descriptors there are at most.
const COUNT: u32 = 4096;
/// The lowest place: programs that count on a fixed number of descriptors count on fewer.
const LOWEST: u32 = 512;
/// The highest place for the first of them: with a hundred it makes a table of 2,048.
const HIGHEST: u32 = 1920;

/// Where the agent's own descriptors are put, and which they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct OwnDescriptors {
    first: u32,
    end: u32,
}

impl OwnDescriptors {
    /// Chooses by the limits of this process (RLIMIT_NOFILE, getrlimit(2)).
    pub(crate) fn choose() -> Self {
        let limits = getrlimit(Resource::Nofile);
        let number = |limit: Option<u64>| limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(u32::MAX);
        Self::within(number(limits.current), number(limits.maximum))
    }

    const fn within(soft: u32, hard: u32) -> Self {
        let first = if soft < LOWEST {
            LOWEST
        } else if soft > HIGHEST {
            HIGHEST
        } else {
            soft
        };
        if hard.saturating_sub(first) >= COUNT {
            return Self { first, end: first + COUNT };
        }
        Self { first: soft - soft / 4, end: soft }
    }

    /// Moves a descriptor to where they lie. One thread at a time.
    ///
    /// # Errors
    /// EMFILE if there is no room.
    #[expect(clippy::needless_pass_by_value, reason = "the old number is closed")]
    pub(crate) fn adopt(self, file: OwnedFd) -> io::Result<OwnFile> {
        self.duplicate(&file)
    }

    /// Duplicates a descriptor to where they lie. One thread at a time.
    ///
    /// # Errors
    /// EMFILE if there is no room.
    pub(crate) fn duplicate(self, file: impl AsFd) -> io::Result<OwnFile> {
        let first = self.first.cast_signed();
        let copy = match rustix::io::fcntl_dupfd_cloexec(&file, first) {
            Err(Errno::INVAL | Errno::MFILE) => match RaisedLimit::to(self.end) {
                Ok(_limit) => rustix::io::fcntl_dupfd_cloexec(&file, first)?,
                // The program has given up the right to so many: ours lie below its limit then, as high as there is room.
                Err(_) => below_the_limit(&file)?,
            },
            other => other?,
        };
        let number = u32::try_from(copy.as_raw_fd()).unwrap_or(u32::MAX);
        if number < self.end { Ok(OwnFile::new(copy, number)) } else { Err(Errno::MFILE.into()) }
    }
}

/// Duplicates `file` to a number in the upper quarter of those that the program may have.
fn below_the_limit(file: impl AsFd) -> rustix::io::Result<OwnedFd> {
    let limit = getrlimit(Resource::Nofile).current.and_then(|limit| i32::try_from(limit).ok());
    rustix::io::fcntl_dupfd_cloexec(file, limit.unwrap_or(i32::MAX) / 4 * 3)
}

/// Whether a descriptor argument names one of the agent's own. Linux looks at the low 32 bits.
pub(crate) fn is_own(raw: u64) -> bool {
    OWN.contains(low(raw))
}

/// The numbers of the agent's own below `end`, ascending.
pub(crate) fn own_below(end: u64) -> impl Iterator<Item = u64> {
    OWN.numbers().map(u64::from).take_while(move |number| *number < end)
}

/// Closes the agent's own but those that are `kept`, in a process that has no other thread and will not drop them.
pub(crate) fn close_own_but(kept: impl Fn(u32) -> bool) {
    let others: Vec<u32> = OWN.numbers().filter(|number| !kept(*number)).collect();
    for number in others {
        OWN.remove(number);
        arch::close_descriptor(number);
    }
}

/// The program's descriptor `raw`; `None` if it is not one it may use. It may be closed.
pub(crate) fn borrow(raw: u64) -> Option<BorrowedFd<'static>> {
    let number = int(raw);
    if is_own(raw) || number < 0 {
        return None;
    }
    Some(arch::borrow_descriptor(number))
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
        assert_eq!(OwnDescriptors::within(1024, 1024), OwnDescriptors { first: 768, end: 1024 });
        assert_eq!(OwnDescriptors::within(4096, 4096), OwnDescriptors { first: 3072, end: 4096 });
    }

    #[test]
    fn they_do_not_lie_so_high_that_children_cost_more() {
        assert_eq!(OwnDescriptors::within(20_000, 20_000), OwnDescriptors { first: 1920, end: 6016 });
        assert_eq!(OwnDescriptors::within(1 << 20, 1 << 20), OwnDescriptors { first: 1920, end: 6016 });
    }

    #[test]
    fn a_number_is_the_agents_as_long_as_its_file_is_open() {
        let own = OwnDescriptors::choose();
        let file = own.duplicate(std::io::stdin()).unwrap();
        let number = u64::try_from(file.as_fd().as_raw_fd()).unwrap();
        assert!(number >= own.first.into() && is_own(number) && is_own(number | 1 << 40));
        assert!(borrow(number).is_none() && own_below(number + 1).any(|other| other == number));
        drop(file);
        assert!(!is_own(u64::from(own.end)) && !is_own(u64::MAX));
    }
}
