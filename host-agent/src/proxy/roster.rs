//! What the agent and all proxies share in memory of their own: who is where, who sleeps, who polls.
//!
//! Any of them can be killed at any moment, so nothing here is a lock. What a proxy takes is marked with its place and
//! given back by the agent when the proxy is gone.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use rustix::thread::futex;
use virtio_ikc::notice::PLACES;

/// The most threads that can poll at a time.
const TICKETS: usize = 64;

/// What `--stats` tells about the agent.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Requests executed.
    pub(crate) requests: AtomicU64,
    /// Times a worker had to be woken by the doorbell.
    pub(crate) wakeups: AtomicU64,
    /// Interrupts sent to vCPUs.
    pub(crate) interrupts: AtomicU64,
    /// Bytes of the agent's own memory at its start.
    pub(crate) agent_at_start: AtomicU64,
    /// The same of the first proxy.
    pub(crate) proxy_at_start: AtomicU64,
    /// And at its end; 0 if it was killed.
    pub(crate) proxy_at_end: AtomicU64,
}

/// One place of the notice board.
#[derive(Debug, Default)]
struct Place {
    /// Changes with every doorbell: what the proxy's standby sleeps on.
    bell: AtomicU32,
    /// The proxy's pid once the LWK knows it, and 0 when it is gone.
    process: AtomicU32,
    /// The proxy's pid, and in the low half the number of the descriptor by which it has its program open.
    executable: AtomicU64,
}

/// The shared memory.
#[derive(Debug)]
pub(crate) struct Roster {
    /// For `--stats`.
    pub(crate) counters: Counters,
    places: [Place; PLACES],
    /// Who polls: each ticket is 0 or the place of its holder.
    tickets: [AtomicU32; TICKETS],
    /// How many tickets there are.
    issued: AtomicU32,
}

/// The right to poll.
#[derive(Debug)]
pub(crate) struct Ticket(usize);

impl Default for Roster {
    fn default() -> Self {
        Self {
            counters: Counters::default(),
            places: std::array::from_fn(|_| Place::default()),
            tickets: std::array::from_fn(|_| AtomicU32::new(0)),
            issued: AtomicU32::new(1),
        }
    }
}

impl Roster {
    /// Lets `most` threads poll at a time (at least one).
    pub(crate) fn issue_tickets(&self, most: u32) {
        self.issued.store(most.max(1), Ordering::Relaxed);
    }

    /// Takes the right to poll for a thread of the proxy at `place`, if it is to be had.
    pub(crate) fn take_ticket(&self, place: usize) -> Option<Ticket> {
        let holder = u32::try_from(place).ok()?;
        let issued = self.issued.load(Ordering::Relaxed) as usize;
        let take = |ticket: &AtomicU32| {
            let is_free = ticket.load(Ordering::Relaxed) == 0;
            is_free && ticket.compare_exchange(0, holder, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        self.tickets.iter().take(issued).position(take).map(Ticket)
    }

    /// Gives it back.
    #[expect(clippy::needless_pass_by_value, reason = "it is worth nothing any more")]
    pub(crate) fn return_ticket(&self, ticket: Ticket) {
        self.tickets[ticket.0].store(0, Ordering::Relaxed);
    }

    /// What the bell of `place` says now. To be read before doorbells are asked for.
    pub(crate) fn bell(&self, place: usize) -> u32 {
        self.places[place].bell.load(Ordering::SeqCst)
    }

    /// Sleeps until the bell of `place` no longer says `bell`, or a signal comes.
    pub(crate) fn sleep(&self, place: usize, bell: u32) {
        let word = &self.places[place].bell;
        // Whatever the reason for waking, the sleeper looks at its queue next.
        let _ = futex::wait(word, futex::Flags::empty(), bell, None);
    }

    /// Rings the bell of `place`; there is no harm in a place where nobody is.
    pub(crate) fn ring(&self, place: usize) {
        let Some(Place { bell, .. }) = self.places.get(place) else { return };
        bell.fetch_add(1, Ordering::SeqCst);
        let _ = futex::wake(bell, futex::Flags::empty(), 1);
    }

    /// The proxy `process` has `place`, and the LWK knows.
    pub(crate) fn enter(&self, place: usize, process: u32) {
        self.places[place].process.store(process, Ordering::SeqCst);
    }

    /// The proxy at `place`, or 0.
    pub(crate) fn process_at(&self, place: usize) -> u32 {
        self.places[place].process.load(Ordering::SeqCst)
    }

    /// Whether `process` is a proxy.
    pub(crate) fn has(&self, process: u32) -> bool {
        self.places.iter().any(|place| place.process.load(Ordering::SeqCst) == process)
    }

    /// The proxy `process`, whose place is `place`, has its program open as `descriptor`.
    pub(crate) fn set_executable(&self, place: usize, process: u32, descriptor: u32) {
        let both = u64::from(process) << 32 | u64::from(descriptor);
        self.places[place].executable.store(both, Ordering::SeqCst);
    }

    /// By which descriptor `process` has its program open, if it is a proxy.
    pub(crate) fn executable_of(&self, process: u32) -> Option<u32> {
        let mut all = self.places.iter().map(|place| place.executable.load(Ordering::SeqCst));
        let both = all.find(|both| process != 0 && both >> 32 == u64::from(process))?;
        u32::try_from(both & u64::from(u32::MAX)).ok()
    }

    /// The proxy at `place` is gone: what it had is free.
    pub(crate) fn leave(&self, place: usize) {
        self.places[place].process.store(0, Ordering::SeqCst);
        self.places[place].executable.store(0, Ordering::SeqCst);
        for ticket in &self.tickets {
            if ticket.load(Ordering::Relaxed) as usize == place {
                ticket.store(0, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_threads_poll_than_there_are_tickets() {
        let roster = Roster::default();
        roster.issue_tickets(2);
        let (first, second) = (roster.take_ticket(1), roster.take_ticket(2));
        assert!(first.is_some() && roster.take_ticket(3).is_none());
        roster.return_ticket(second.unwrap());
        assert!(roster.take_ticket(3).is_some() && roster.take_ticket(4).is_none());
    }

    #[test]
    fn what_a_proxy_that_is_gone_held_is_free() {
        let roster = Roster::default();
        roster.enter(7, 1234);
        roster.set_executable(7, 1234, 99);
        assert_eq!((roster.executable_of(1234), roster.executable_of(1235)), (Some(99), None));
        assert!(roster.take_ticket(7).is_some() && roster.take_ticket(8).is_none() && roster.has(1234));
        roster.leave(7);
        assert!(roster.take_ticket(8).is_some() && !roster.has(1234));
        assert_eq!((roster.executable_of(1234), roster.executable_of(0)), (None, None));
    }

    #[test]
    fn a_bell_that_rang_before_the_sleep_is_heard() {
        let roster = Roster::default();
        let bell = roster.bell(5);
        roster.ring(5);
        roster.ring(PLACES);
        roster.sleep(5, bell);
        assert_ne!(roster.bell(5), bell);
    }
}
