//! The agent's life after the fork.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::Ordering;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::memory::Shared;
use crate::own_descriptors::OwnFile;
use crate::protocol::{FromAgent, ToAgent};
use crate::proxy::Counters;
use crate::{arch, socket};

/// The agent.
#[derive(Debug)]
pub(super) struct Supervisor {
    /// To the VMM.
    socket: OwnFile,
    /// To the proxy.
    link: OwnFile,
    /// Readable when something happened to the proxy.
    children: OwnFile,
    /// The proxy, until it has been waited for.
    proxy: Option<Pid>,
    /// The signal that stopped the proxy, until the VMM has been told.
    stopped_by: Option<i32>,
    counters: Shared<Counters>,
}

/// How long a stop lasts before it is reported.
const STOP_LASTS: Timespec = Timespec { tv_sec: 0, tv_nsec: 2_000_000 };

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
        proxy: u32,
        counters: Shared<Counters>,
    ) -> Self {
        let proxy = Pid::from_raw(proxy.cast_signed());
        Self { socket, link, children, proxy, stopped_by: None, counters }
    }

    /// Serves until the proxy has ended or the VMM goes away. Answers the exit status.
    pub(super) fn run(mut self) -> i32 {
        arch::close_inherited(&[self.socket.as_fd(), self.link.as_fd(), self.children.as_fd()]);
        while self.step() == Next::Continue {}
        if let Some(proxy) = self.proxy {
            // It is our child and not waited for yet, so this hits nobody else; should it have ended, all is well.
            let _ = kill_process(proxy, Signal::KILL);
        }
        self.wait_for_the_end();
        0
    }

    /// Hears the VMM out: to close a socket with unread messages would take our own last ones back (ECONNRESET, unix(7)).
    fn wait_for_the_end(&self) {
        while let Ok(Some(_)) = socket::receive::<ToAgent>(&self.socket) {}
    }

    fn step(&mut self) -> Next {
        let Some([socket, link, children]) = self.wait() else { return self.report_stop() };
        // The proxy's last words come before its end.
        if link && self.take_from_proxy() == Next::End {
            return self.reap();
        }
        if children && self.reap() == Next::End {
            return Next::End;
        }
        if socket { self.take_from_vmm() } else { Next::Continue }
    }

    /// Waits for something on the socket, the link or from the children. `None` if there was nothing for as long as a stop
    /// must last to be reported.
    fn wait(&self) -> Option<[bool; 3]> {
        let file = |file| PollFd::from_borrowed_fd(file, PollFlags::IN);
        let mut wanted = [self.socket.as_fd(), self.link.as_fd(), self.children.as_fd()].map(file);
        match poll(&mut wanted, self.stopped_by.map(|_| &STOP_LASTS)) {
            Ok(0) => None,
            Ok(_) => Some(wanted.map(|file| !file.revents().is_empty())),
            Err(_) => Some([false; 3]),
        }
    }

    fn take_from_vmm(&self) -> Next {
        let Ok(Some((message, _))) = socket::receive::<ToAgent>(&self.socket) else { return Next::End };
        match message {
            ToAgent::Signal { signal } => self.send_signal(signal),
            ToAgent::Activate { .. } | ToAgent::WindowDone { .. } => {
                // If the proxy has ended, its end is being reported.
                let _ = socket::send(&self.link, &message, &[]);
            }
            ToAgent::Start { .. } => {}
        }
        Next::Continue
    }

    fn take_from_proxy(&self) -> Next {
        let Ok(Some((message, files))) = socket::receive::<FromAgent>(&self.link) else { return Next::End };
        let files: Vec<BorrowedFd<'_>> = files.iter().map(AsFd::as_fd).collect();
        self.tell(&message, &files)
    }

    fn send_signal(&self, signal: i32) {
        if let Some(proxy) = self.proxy {
            arch::send_signal(proxy.as_raw_nonzero().get().cast_unsigned(), signal.cast_unsigned());
        }
    }

    /// Looks what happened to the proxy.
    fn reap(&mut self) -> Next {
        arch::drain_signals(self.children.as_fd());
        let options = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        while let Ok(Some((_, status))) = waitpid(self.proxy, options) {
            if status.stopped() || status.continued() {
                self.stopped_by = status.stopping_signal();
                continue;
            }
            self.proxy = None;
            return self.report_end(status.as_raw());
        }
        Next::Continue
    }

    /// Tells the VMM that the program has been stopped for a while, so that it stops as well. What the terminal sends has
    /// stopped the whole job, and must not stop the VMM again when the job has been continued.
    fn report_stop(&mut self) -> Next {
        match self.stopped_by.take() {
            None | Some(libc::SIGTTIN | libc::SIGTTOU) => Next::Continue,
            Some(signal) => self.tell(&FromAgent::Stopped { signal }, &[]),
        }
    }

    fn report_end(&self, status: i32) -> Next {
        let Counters { requests, wakeups, interrupts } = &*self.counters;
        let [requests, wakeups, interrupts] =
            [requests, wakeups, interrupts].map(|counter| counter.load(Ordering::Relaxed));
        self.tell(&FromAgent::Counters { requests, wakeups, interrupts }, &[]);
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
