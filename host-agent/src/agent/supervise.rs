//! The agent's life after the fork.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};
use virtio_ikc::device::AGENT_QUEUE;

use super::proxies::Proxies;
use super::stops::Stops;
use crate::memory::private_bytes;
use crate::own_descriptors::OwnFile;
use crate::protocol::{FromAgent, Queue, ToAgent};
use crate::proxy::{EventQueue, FromProxy, Wires, find};
use crate::{arch, socket};

/// The agent.
#[derive(Debug)]
pub(super) struct Supervisor {
    /// To the VMM.
    socket: OwnFile,
    /// To the proxies.
    link: OwnFile,
    /// Readable when something happened to a child.
    children: OwnFile,
    /// The first proxy, until it has been waited for.
    first: Option<Pid>,
    /// The signal that stopped it, until the VMM has been told.
    stopped_by: Option<i32>,
    wires: &'static Wires,
    /// The other proxies.
    proxies: Proxies,
    /// Which of them all are stopped.
    stops: Stops,
    /// Whether the VMM has stopped with the first proxy, as far as is known.
    vmm_stopped: bool,
    /// Whether it must go on, because the first proxy has.
    wakes_vmm: bool,
    /// Whether the LWK has no room for all that it must be told.
    has_more: bool,
    /// Where the VMM's answers go, in the order of its questions.
    asking: VecDeque<Option<OwnedFd>>,
}

/// How long a stop lasts before it is reported.
const STOP_LASTS: Timespec = Timespec { tv_sec: 0, tv_nsec: 2_000_000 };
/// How long to wait for the LWK to take events before looking again.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
/// How long the other proxies may take to die.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether to go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Next {
    Continue,
    End,
}

impl Supervisor {
    pub(super) fn new(
        socket: OwnFile,
        link: OwnFile,
        children: OwnFile,
        first: u32,
        wires: &'static Wires,
        proxies: Proxies,
    ) -> Self {
        let first = Pid::from_raw(first.cast_signed());
        wires.roster.counters.agent_at_start.store(private_bytes(), Ordering::Relaxed);
        let asking = VecDeque::new();
        let stops = Stops::default();
        Self {
            socket,
            link,
            children,
            first,
            stopped_by: None,
            wires,
            proxies,
            stops,
            vmm_stopped: false,
            wakes_vmm: false,
            has_more: false,
            asking,
        }
    }

    /// Serves until the first proxy has ended or the VMM goes away. Answers the exit status.
    pub(super) fn run(mut self) -> i32 {
        while self.step() == Next::Continue {}
        if let Some(first) = self.first {
            // It is our child and not waited for yet, so this hits nobody else; should it have ended, all is well.
            let _ = kill_process(first, Signal::KILL);
        }
        self.end_others();
        self.wait_for_the_end();
        0
    }

    /// The program's other processes do not outlive its first. One that is being made now is known before its maker dies.
    fn end_others(&mut self) {
        let nothing = Some(&Timespec { tv_sec: 0, tv_nsec: 0 });
        loop {
            let gone = self.proxies.kill(PATIENCE);
            let mut link = [PollFd::new(&self.link, PollFlags::IN)];
            let has_more = matches!(poll(&mut link, nothing), Ok(1)) && link[0].revents().contains(PollFlags::IN);
            if !gone || !has_more || self.take_from_proxy().is_none() {
                return;
            }
        }
    }

    /// Hears the VMM out: to close a socket with unread messages would take our own last ones back (ECONNRESET, unix(7)).
    fn wait_for_the_end(&self) {
        while let Ok(Some(_)) = socket::receive::<ToAgent>(&self.socket) {}
    }

    fn step(&mut self) -> Next {
        let Some([socket, link, children, news]) = self.wait() else { return self.pass_time() };
        // A proxy's last words come before its end, and its announcement of a child before the child's.
        if link && let Some(Next::End) = self.take_from_proxy() {
            return Next::End;
        }
        if news {
            self.proxies.take_news();
            if self.tell_lwk() == Next::End {
                return Next::End;
            }
        }
        if self.stops.remaining().is_some_and(|time| time.is_zero()) && self.look_for_stops_again() == Next::End {
            return Next::End;
        }
        if children && self.reap() == Next::End {
            return Next::End;
        }
        if socket { self.take_from_vmm() } else { Next::Continue }
    }

    /// Waits for something on the socket or the link, from the children or about other proxies. `None` if there was nothing
    /// for as long as something must be waited for.
    fn wait(&self) -> Option<[bool; 4]> {
        let file = |file| PollFd::from_borrowed_fd(file, PollFlags::IN);
        let sources = [self.socket.as_fd(), self.link.as_fd(), self.children.as_fd(), self.proxies.news()];
        let mut wanted = sources.map(file);
        let look = self.stops.remaining().and_then(|time| Timespec::try_from(time).ok());
        let timeout = self.has_more.then_some(PAUSE).or(self.waits_to_stop().then_some(STOP_LASTS)).or(look);
        match poll(&mut wanted, timeout.as_ref()) {
            Ok(0) => None,
            Ok(_) => Some(wanted.map(|file| !file.revents().is_empty())),
            Err(_) => Some([false; 4]),
        }
    }

    fn pass_time(&mut self) -> Next {
        if self.has_more {
            self.tell_lwk()
        } else if self.wakes_vmm {
            self.wake_vmm();
            Next::Continue
        } else if self.stopped_by.is_some() {
            self.report_stop()
        } else {
            self.look_for_stops_again()
        }
    }

    /// The first proxy, if it has not been waited for, and the others.
    fn all(&self) -> impl Iterator<Item = u32> + use<'_> {
        let first = self.first.map(|first| first.as_raw_nonzero().get().cast_unsigned());
        first.into_iter().chain(self.proxies.processes())
    }

    /// Something may have happened to any of the proxies.
    fn look_for_stops(&mut self) -> Next {
        let all: Vec<u32> = self.all().collect();
        self.tell_of_stops(|stops| stops.changed(all.into_iter()))
    }

    fn look_for_stops_again(&mut self) -> Next {
        let all: Vec<u32> = self.all().collect();
        self.tell_of_stops(|stops| stops.look_again(all.into_iter()))
    }

    fn tell_of_stops(&mut self, look: impl FnOnce(&mut Stops) -> Vec<u32>) -> Next {
        let stopped = look(&mut self.stops);
        self.proxies.have_stopped(&stopped);
        self.tell_lwk()
    }

    fn take_from_vmm(&mut self) -> Next {
        let Ok(Some((message, _))) = socket::receive::<ToAgent>(&self.socket) else { return Next::End };
        match &message {
            ToAgent::Signal { signal } => self.send_signal(*signal),
            ToAgent::Activate { queues } => return self.activate(queues, &message),
            ToAgent::WindowDone { .. } => {
                if let Some(asker) = self.asking.pop_front().flatten() {
                    // If it has ended, nobody waits for the answer.
                    let _ = socket::send(&asker, &message, &[]);
                }
            }
            ToAgent::WentOn => (self.vmm_stopped, self.wakes_vmm) = (false, false),
            ToAgent::Start { .. } => {}
        }
        Next::Continue
    }

    /// The driver is ready: so are the agent's queue and the first proxy's two.
    fn activate(&mut self, queues: &[Queue], message: &ToAgent) -> Next {
        if let Some(queue) = find(queues, AGENT_QUEUE) {
            let Some(queue) = EventQueue::of(self.wires.memory, queue) else {
                let text = format!("queue {AGENT_QUEUE} is not in the partition's memory");
                return self.tell(&FromAgent::Violation { text }, &[]);
            };
            self.proxies.tell_in(queue);
        }
        // If the proxy has ended, its end is being reported.
        let _ = socket::send(&self.link, message, &[]);
        self.tell_lwk()
    }

    /// Takes a message from a proxy; `None` if all proxies are gone.
    fn take_from_proxy(&mut self) -> Option<Next> {
        let (message, files) = socket::receive::<FromProxy>(&self.link).ok().flatten()?;
        let mut files = files.into_iter();
        Some(match message {
            FromProxy::Tell(message) => self.tell(&message, &[]),
            FromProxy::Ask(message) => {
                self.asking.push_back(files.next());
                let beside: Vec<OwnedFd> = files.collect();
                let beside: Vec<BorrowedFd<'_>> = beside.iter().map(AsFd::as_fd).collect();
                self.tell(&message, &beside)
            }
            FromProxy::Stops => self.look_for_stops(),
            FromProxy::Born { place } => {
                let expected = files.next().map(|line| self.proxies.expect(place, line));
                match expected {
                    Some(Err(error)) => {
                        let text = format!("the agent cannot watch for another process: {error}");
                        self.tell(&FromAgent::Failed { text }, &[])
                    }
                    _ => Next::Continue,
                }
            }
        })
    }

    /// Tells the LWK which proxies are gone or stopped.
    fn tell_lwk(&mut self) -> Next {
        match self.proxies.tell() {
            Ok(has_more) => {
                self.has_more = has_more;
                Next::Continue
            }
            Err(violation) => self.tell(&FromAgent::Violation { text: violation.to_string() }, &[]),
        }
    }

    fn send_signal(&self, signal: i32) {
        if let Some(first) = self.first {
            arch::send_signal(first.as_raw_nonzero().get().cast_unsigned(), signal.cast_unsigned());
        }
    }

    /// Looks what happened to the first proxy, and to the orphans that the agent has adopted.
    fn reap(&mut self) -> Next {
        arch::drain_signals(self.children.as_fd());
        let options = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        let mut has_stop = false;
        while let Ok(Some((process, status))) = wait(options) {
            has_stop |= status.stopped();
            if Some(process) != self.first {
                continue;
            }
            if status.stopped() || status.continued() {
                self.stopped_by = status.stopping_signal();
                self.wakes_vmm = self.vmm_stopped && status.continued();
                self.wake_vmm();
                continue;
            }
            self.first = None;
            return self.report_end(status.as_raw());
        }
        if has_stop { self.look_for_stops() } else { Next::Continue }
    }

    /// Whoever continues the program need not know of the VMM, which has stopped with it, or is about to: so this is done until the VMM
    /// says that it has gone on.
    fn wake_vmm(&self) {
        if self.wakes_vmm
            && let Some(vmm) = rustix::process::getppid()
        {
            // If it is gone, so are we soon.
            let _ = kill_process(vmm, Signal::CONT);
        }
    }

    /// Whether something about a stop is to be done when time has passed.
    const fn waits_to_stop(&self) -> bool {
        self.stopped_by.is_some() || self.wakes_vmm
    }

    /// Tells the VMM that the program has been stopped for a while, so that it stops as well. What the terminal sends has
    /// stopped the whole job, and must not stop the VMM again when the job has been continued.
    fn report_stop(&mut self) -> Next {
        match self.stopped_by.take() {
            None | Some(libc::SIGTTIN | libc::SIGTTOU) => Next::Continue,
            Some(signal) => {
                self.vmm_stopped = true;
                self.tell(&FromAgent::Stopped { signal }, &[])
            }
        }
    }

    fn report_end(&self, status: i32) -> Next {
        let counters = &self.wires.roster.counters;
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = FromAgent::Counters {
            requests: value(&counters.requests),
            wakeups: value(&counters.wakeups),
            interrupts: value(&counters.interrupts),
            agent_memory: [value(&counters.agent_at_start), private_bytes()],
            proxy_memory: [value(&counters.proxy_at_start), value(&counters.proxy_at_end)],
        };
        self.tell(&counters, &[]);
        self.tell(&FromAgent::Ended { status }, &[]);
        Next::End
    }

    /// Tells the VMM; if that is gone, it is time to end.
    fn tell(&self, message: &FromAgent, files: &[BorrowedFd<'_>]) -> Next {
        match socket::send(&self.socket, message, files) {
            Ok(()) => Next::Continue,
            Err(_) => Next::End,
        }
    }
}
