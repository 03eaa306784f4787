//! Which proxies are stopped.
//!
//! Linux tells nobody but a process's parent that it has stopped. So proxies let the agent look when they are told of a child
//! (`proxy::children`), and it looks by itself when it is the parent. A parent that is stopped hears nothing: as long as a proxy is
//! stopped the agent looks at all of them now and then, the more rarely the longer nothing has happened. While none is, it does nothing.

use std::collections::HashSet;
use std::time::{Duration, Instant};

/// After which time the agent looks again, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LAST_PAUSE: Duration = Duration::from_millis(250);

/// What the agent knows of stops.
#[derive(Debug, Default)]
pub(super) struct Stops {
    /// The proxies that the LWK has been told of.
    known: HashSet<u32>,
    next: Option<(Instant, Duration)>,
}

impl Stops {
    /// Some proxy has stopped or gone on. Of which of `all` the LWK must be told that they are stopped.
    pub(super) fn changed(&mut self, all: impl Iterator<Item = u32>) -> Vec<u32> {
        // One that was stopped may have gone on and stopped again.
        self.known.clear();
        self.look(all, FIRST_PAUSE)
    }

    /// The same when it is time to look again.
    pub(super) fn look_again(&mut self, all: impl Iterator<Item = u32>) -> Vec<u32> {
        let pause = self.next.map_or(FIRST_PAUSE, |(_, pause)| (pause * 2).min(LAST_PAUSE));
        self.look(all, pause)
    }

    /// How long it is until then, if ever.
    pub(super) fn remaining(&self) -> Option<Duration> {
        self.next.map(|(time, _)| time.saturating_duration_since(Instant::now()))
    }

    fn look(&mut self, all: impl Iterator<Item = u32>, pause: Duration) -> Vec<u32> {
        let stopped: HashSet<u32> = all.filter(|process| is_stopped(*process)).collect();
        let new = stopped.difference(&self.known).copied().collect();
        self.next = (!stopped.is_empty()).then(|| (Instant::now() + pause, pause));
        self.known = stopped;
        new
    }
}

/// Whether /proc says so; without it nobody can.
fn is_stopped(process: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| says_stopped(&stat))
}

/// The state follows the name, which may hold anything.
fn says_stopped(stat: &str) -> bool {
    stat.rsplit_once(") ").is_some_and(|(_, fields)| fields.starts_with('T'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_follows_the_name() {
        assert!(says_stopped("7 (a) S) T 1 7 7\n"));
        assert!(!says_stopped("7 (a) T) S 1 7 7\n") && !says_stopped("7 (a) t 1 7 7\n") && !says_stopped(""));
    }

    #[test]
    fn nobody_is_looked_at_again_while_none_is_stopped() {
        let mut stops = Stops::default();
        assert_eq!(stops.remaining(), None);
        assert!(stops.changed(std::iter::once(std::process::id())).is_empty());
        assert_eq!(stops.remaining(), None);
    }
}
