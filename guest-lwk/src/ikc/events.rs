//! The event queue: what Linux tells the LWK without being asked.

use spin::Mutex;
use virtio_ikc::address::GuestPhysical;
use virtio_ikc::device::EVENT_QUEUE;
use virtio_ikc::message::{Event, EventKind};
use virtio_ikc::ring::{Driver, QueueLayout};

use super::device::{self, Parts};
use super::memory::QueuePlace;
use crate::arch::direct_map;
use crate::process::table;

struct EventQueue {
    driver: Driver<QueuePlace>,
    events: GuestPhysical,
}

static QUEUE: Mutex<Option<EventQueue>> = Mutex::new(None);

fn event_at(events: GuestPhysical, head: u16) -> GuestPhysical {
    GuestPhysical(events.0 + u64::from(head) * size_of::<Event>() as u64)
}

/// Makes the queue and hands all its descriptors to the device.
///
/// # Panics
/// When the fresh ring refuses a descriptor.
pub(super) fn initialise() -> Parts {
    let layout = QueueLayout::STANDARD;
    let (place, events) = QueuePlace::allocate(layout, usize::from(layout.size()) * size_of::<Event>());
    let mut driver = Driver::of_events(place, layout, |head| event_at(events, head));
    for head in 0..layout.size() {
        driver.publish(head).expect("a fresh ring takes every descriptor");
    }
    driver.wait_armed();
    *QUEUE.lock() = Some(EventQueue { driver, events });
    place.parts()
}

/// Handles all events that are there, and asks for an interrupt at the next one.
///
/// # Panics
/// When the ring is broken.
pub fn poll() {
    while let Some(event) = take() {
        if event.kind == EventKind::SIGNAL.0 {
            table::signal_from_linux(&event);
        }
    }
}

fn take() -> Option<Event> {
    let mut queue = QUEUE.lock();
    let queue = queue.as_mut()?;
    if !queue.driver.has_used() && !queue.driver.wait_armed() {
        return None;
    }
    let used = queue.driver.take_used().expect("the agent keeps to the ring")?;
    let event = direct_map::read_plain(event_at(queue.events, used.head));
    let kick = queue.driver.publish(used.head).expect("a descriptor that came back can go again");
    if kick {
        device::ring_doorbell(EVENT_QUEUE);
    }
    Some(event)
}
