//! The IKC device's driver: the handshake of virtio over MMIO (virtio 1.2, 3.1 and 4.2), and the two things that work without a
//! queue: the log and the last words.

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::device::{self, EVENT_QUEUE, QUEUES, REQUEST_QUEUE, config, feature, register, status};
use virtio_ikc::message;

use crate::arch::direct_map;
use crate::arch::mmio::{read, write};
use crate::memory::{frames, zeroing};
use crate::process::process::Channel;

use super::memory::QueuePlace;

/// Bytes of one log line at most.
pub const LOG_BYTES: usize = 4096;

/// What the LWK needs of the device.
const WANTED: u64 = feature::VERSION_1 | feature::EVENT_IDX | feature::SIGNALS;

/// Brings the device up; `first` are the first process's queues.
///
/// # Panics
/// When the device is not the one this LWK was built for.
pub fn initialise(first: &Channel) {
    assert!(read(register::MAGIC) == u32::from_le_bytes(*b"virt") && read(register::VERSION) == 2, "no virtio device");
    assert!(read(register::DEVICE_ID) == device::DEVICE_ID, "not an IKC device");
    let version = read(register::CONFIG + config::VERSION);
    assert!(
        version == message::VERSION,
        "the VMM speaks version {version} of the messages, the LWK {}",
        message::VERSION
    );
    write(register::STATUS, 0);
    write(register::STATUS, status::ACKNOWLEDGE | status::DRIVER);
    agree_on_features();
    let queues = read(register::CONFIG + config::QUEUES);
    assert!(queues == u32::from(QUEUES), "the device has {queues} queues, not {QUEUES}");
    let (index, agent) = super::events::initialise();
    for (index, place) in [(index, agent), (REQUEST_QUEUE, first.requests.place()), (EVENT_QUEUE, first.events.place())]
    {
        enable(index, place);
    }
    write(register::STATUS, status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK | status::DRIVER_OK);
}

fn agree_on_features() {
    let mut offered = 0;
    for half in 0..2 {
        write(register::DEVICE_FEATURES_SELECT, half);
        offered |= u64::from(read(register::DEVICE_FEATURES)) << (32 * half);
    }
    assert!(offered & WANTED == WANTED, "the device offers features {offered:#x}, the LWK needs {WANTED:#x}");
    let accepted = offered & (WANTED | feature::WINDOW | feature::ZEROING);
    if accepted & feature::ZEROING != 0 {
        zeroing::take_note_of_offer();
    }
    for half in 0..2 {
        write(register::DRIVER_FEATURES_SELECT, half);
        write(register::DRIVER_FEATURES, (accepted >> (32 * half) & 0xffff_ffff) as u32);
    }
    let wanted = status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK;
    write(register::STATUS, wanted);
    assert!(read(register::STATUS) & status::FEATURES_OK != 0, "the device refuses the features {accepted:#x}");
}

/// Where the parts of a queue lie: descriptors, available ring, used ring.
pub type Parts = [GuestPhysical; 3];

fn enable(index: u16, queue: QueuePlace) {
    write(register::QUEUE_SELECT, u32::from(index));
    write(register::QUEUE_SIZE, u32::from(queue.layout().size()));
    for (place, part) in
        [register::QUEUE_DESCRIPTORS, register::QUEUE_DRIVER, register::QUEUE_DEVICE].into_iter().zip(queue.parts())
    {
        write_first_address(place, part);
    }
    write(register::QUEUE_READY, 1);
}

fn write_address(place: u64, address: GuestPhysical) {
    write(place, (address.0 & 0xffff_ffff) as u32);
    write(place + 4, (address.0 >> 32) as u32);
}

/// The same for a register that is zero since the reset: where there is nothing to write to its upper half, an exit is spared.
fn write_first_address(place: u64, address: GuestPhysical) {
    write(place, (address.0 & 0xffff_ffff) as u32);
    if address.0 >> 32 != 0 {
        write(place + 4, (address.0 >> 32) as u32);
    }
}

/// Rings the doorbell; whom it is for stands on the notice board.
pub fn ring_doorbell() {
    write(register::QUEUE_NOTIFY, u32::from(REQUEST_QUEUE));
}

/// Gives `text` to the VMM to print.
pub fn log(level: u32, text: &[u8]) {
    static BUFFER: spin::Mutex<Option<GuestPhysical>> = spin::Mutex::new(None);
    let Some(mut buffer) = BUFFER.try_lock() else { return };
    let address = match *buffer {
        Some(address) => address,
        None => match frames::allocate_for_lwk(LOG_BYTES as u64) {
            Some(address) => *buffer.insert(address),
            None => return,
        },
    };
    let text = &text[..text.len().min(LOG_BYTES)];
    direct_map::write(address, text);
    write_address(register::CONFIG + config::LOG_ADDRESS, address);
    write(register::CONFIG + config::LOG_LEVEL, level);
    write(register::CONFIG + config::LOG_LENGTH, u32::try_from(text.len()).unwrap_or(0));
}

/// Ends the partition.
pub fn report_panic() {
    write(register::CONFIG + config::PANIC, 1);
}
