//! The event queues: what Linux tells the LWK without being asked. Each process has one, and the agent has one.

use alloc::sync::Arc;

use spin::Mutex;
use virtio_ikc::address::GuestPhysical;
use virtio_ikc::device::AGENT_QUEUE;
use virtio_ikc::message::{Event, EventKind, PROCESS_EVENTS};
use virtio_ikc::notice::AGENT_PLACE;
use virtio_ikc::ring::{Driver, QueueLayout};

use super::board;
use super::memory::QueuePlace;
use crate::arch::direct_map;
use crate::errno::Errno;
use crate::process::process::Process;
use crate::process::{exit, signal, table};

/// An event queue.
pub struct EventQueue {
    driver: Driver<QueuePlace>,
    place: QueuePlace,
    events: GuestPhysical,
    is_freed: bool,
}

static AGENT: Mutex<Option<EventQueue>> = Mutex::new(None);

fn event_at(events: GuestPhysical, head: u16) -> GuestPhysical {
    GuestPhysical(events.0 + u64::from(head) * size_of::<Event>() as u64)
}

impl EventQueue {
    /// A queue all of whose descriptors are with the device.
    ///
    /// # Panics
    /// When the fresh ring refuses a descriptor.
    pub fn new() -> Result<Self, Errno> {
        let layout = QueueLayout::new(PROCESS_EVENTS).ok_or(Errno::EINVAL)?;
        let (place, events) = QueuePlace::allocate(layout, usize::from(layout.size()) * size_of::<Event>())?;
        let mut driver = Driver::of_events(place, layout, |head| event_at(events, head));
        for head in 0..layout.size() {
            driver.publish(head).expect("a fresh ring takes every descriptor");
        }
        driver.wait_armed();
        Ok(Self { driver, place, events, is_freed: false })
    }

    /// Where it lies.
    pub fn place(&self) -> QueuePlace {
        self.place
    }

    /// Gives its memory back. Its proxy is no more.
    pub fn free(&mut self) {
        self.place.free();
        self.is_freed = true;
    }

    /// Takes the next event, if there is one, and otherwise asks for an interrupt at the next one. Answers as well whether the
    /// device must be told that there is room.
    fn take(&mut self) -> Option<(Event, bool)> {
        if self.is_freed || !self.driver.has_used() && !self.driver.wait_armed() {
            return None;
        }
        let used = self.driver.take_used().expect("the agent keeps to the ring")?;
        let event = direct_map::read_plain(event_at(self.events, used.head));
        let kick = self.driver.publish(used.head).expect("a descriptor that came back can go again");
        Some((event, kick))
    }
}

/// Makes the agent's queue; answers its index and where it lies.
///
/// # Panics
/// When there is no memory: at boot there is.
pub(super) fn initialise() -> (u16, QueuePlace) {
    let queue = EventQueue::new().expect("memory for a queue");
    let place = queue.place;
    *AGENT.lock() = Some(queue);
    (AGENT_QUEUE, place)
}

fn next_of_agent() -> Option<(Event, bool)> {
    AGENT.lock().as_mut()?.take()
}

/// Handles what the agent tells.
///
/// # Panics
/// When the ring is broken.
pub fn take_from_agent() {
    while let Some((event, kick)) = next_of_agent() {
        if kick {
            board::ring(AGENT_PLACE);
        }
        match EventKind(event.kind) {
            EventKind::GONE => gone(&event),
            EventKind::STOPPED => stopped(event.process),
            _ => {}
        }
    }
}

fn gone(event: &Event) {
    let place = usize::try_from(event.thread).ok();
    if let Some(process) = place.and_then(|place| table::proxy_ended(place, event.process)) {
        exit::proxy_is_gone(&process);
    }
}

/// Linux says that the proxy of the process `pid`, if there is one, has stopped. A SIGCONT of before does not end that.
pub fn stopped(pid: u32) {
    if let Some(process) = table::find(pid) {
        take_from_proxy(&process);
        signal::stop::told(&process);
    }
}

/// Handles what the proxy of `process` tells. When it returns, all that had come by then has been handled, also by other vCPUs.
///
/// # Panics
/// When the ring is broken.
pub fn take_from_proxy(process: &Arc<Process>) {
    let _turn = process.event_turn.lock();
    let next = || process.events.lock().take();
    while let Some((event, kick)) = next() {
        if kick {
            board::ring(process.place());
        }
        if event.kind == EventKind::SIGNAL.0 {
            signal::take_from_linux(process, &event);
        }
    }
}
