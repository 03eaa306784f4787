//! Which proxies there are, the first one apart, and what the LWK must be told of them.
//!
//! For each there is a pipe whose writing end is open in that proxy alone: when it is closed, for whatever reason, the
//! proxy is no more. Linux's own news of a child's end go to its parent, which is another proxy.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use virtio_ikc::message::EventKind;
use virtio_ikc::notice::{AGENT_PLACE, PLACES};

use crate::arch::send_signal;
use crate::own_descriptors::{OwnDescriptors, OwnFile};
use crate::proxy::{EVENT_VCPU, EventQueue, Wires, event_bytes};
use crate::request::Violation;

/// How many news are taken at a time.
const NEWS: usize = 64;

/// The proxies but the first.
#[derive(Debug)]
pub(super) struct Proxies {
    wires: &'static Wires,
    own: OwnDescriptors,
    /// Readable when there is news.
    news: OwnFile,
    lines: HashMap<u64, Line>,
    next_line: u64,
    /// The agent's queue of events, once the driver is ready.
    queue: Option<EventQueue>,
    /// What the LWK has not been told: the kind of the event, pid and place.
    untold: VecDeque<(EventKind, u32, usize)>,
}

#[derive(Debug)]
struct Line {
    place: usize,
    /// Its pid, once it is known.
    process: Option<u32>,
    end: OwnFile,
}

impl Proxies {
    /// None yet.
    ///
    /// # Errors
    /// Those of epoll_create(2) and of too many descriptors.
    pub(super) fn new(wires: &'static Wires, own: OwnDescriptors) -> io::Result<Self> {
        let news = own.adopt(epoll::create(epoll::CreateFlags::CLOEXEC)?)?;
        let (lines, untold) = (HashMap::new(), VecDeque::new());
        Ok(Self { wires, own, news, lines, next_line: 0, queue: None, untold })
    }

    /// What is readable when there is news.
    pub(super) fn news(&self) -> BorrowedFd<'_> {
        self.news.as_fd()
    }

    /// The queue in which the LWK wants to hear of ends.
    pub(super) fn tell_in(&mut self, queue: EventQueue) {
        self.queue = Some(queue);
    }

    /// Their pids, as far as they are known. A line that is open keeps a pid from being another's.
    pub(super) fn processes(&self) -> impl Iterator<Item = u32> {
        self.lines.values().filter_map(|line| line.process)
    }

    /// The LWK must be told that these are stopped.
    pub(super) fn have_stopped(&mut self, processes: &[u32]) {
        self.untold.extend(processes.iter().map(|process| (EventKind::STOPPED, *process, 0)));
    }

    /// A proxy is about to be made at `place`; `line` speaks for it.
    pub(super) fn expect(&mut self, place: usize, line: OwnedFd) -> io::Result<()> {
        let end = self.own.adopt(line)?;
        epoll::add(&self.news, &end, epoll::EventData::new_u64(self.next_line), epoll::EventFlags::IN)?;
        if place < PLACES {
            self.lines.insert(self.next_line, Line { place, process: None, end });
        }
        self.next_line += 1;
        Ok(())
    }

    /// Takes the news. What the LWK must be told follows with [`Proxies::tell`].
    pub(super) fn take_news(&mut self) {
        self.wait_for_news(Duration::ZERO);
    }

    /// Tells the LWK what it must be told, as far as it has room. Whether it must be told more later.
    ///
    /// # Errors
    /// What the LWK did with its queue.
    pub(super) fn tell(&mut self) -> Result<bool, Violation> {
        let Some(queue) = &self.queue else { return Ok(false) };
        while let Some((kind, process, place)) = self.untold.front() {
            let place = u32::try_from(*place).unwrap_or(0);
            let event = event_bytes(*kind, *process, place, 0);
            let Some(interrupt) = queue.post(self.wires.memory, &event)? else { return Ok(true) };
            self.untold.pop_front();
            if interrupt {
                self.wires.interrupt(AGENT_PLACE, EVENT_VCPU);
            }
        }
        Ok(false)
    }

    /// Kills all and waits until they are gone, for `patience` at most. Whether they are.
    pub(super) fn kill(&mut self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        while !self.lines.is_empty() && Instant::now() < end {
            // Its line is open, so the pid is its own.
            for process in self.processes() {
                send_signal(process, libc::SIGKILL.cast_unsigned());
            }
            self.wait_for_news(Duration::from_millis(10));
        }
        self.lines.is_empty()
    }

    fn wait_for_news(&mut self, patience: Duration) {
        let mut news = Vec::with_capacity(NEWS);
        let timeout = Timespec::try_from(patience).ok();
        if epoll::wait(&self.news, spare_capacity(&mut news), timeout.as_ref()).is_err() {
            return;
        }
        for event in news {
            self.take(event.data.u64());
        }
    }

    /// Reads what a line says: first its proxy's pid, then its end.
    fn take(&mut self, number: u64) {
        let Some(line) = self.lines.get_mut(&number) else { return };
        let mut process = [0; 4];
        match rustix::io::read(&line.end, &mut process) {
            Ok(4) => line.process = Some(u32::from_ne_bytes(process)),
            _ => self.end(number),
        }
    }

    fn end(&mut self, number: u64) {
        let Some(Line { place, process, end }) = self.lines.remove(&number) else { return };
        // A line is in one process alone, so closing it here makes epoll forget it.
        drop(end);
        // Linux refused to make the process, or its parent was killed on the way; nobody has heard of it.
        let Some(process) = process else { return };
        self.wires.roster.leave(place);
        self.untold.push_back((EventKind::GONE, process, place));
    }
}
