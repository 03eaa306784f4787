//! The IKC device's registers and configuration space; `SPEC.md` is the text to this file.
//!
//! The transport is virtio over MMIO, version 2 (virtio 1.2, 4.2.2). Queue 0 carries the agent's own events to the LWK. Each
//! process has two queues that only its proxy serves: one for its requests, one for its events. Those of the first
//! process are queues 1 and 2; those of its descendants have no registers, the request that makes a process names
//! them ([`crate::message::Operation::FORK`]). Who has something for whom stands on the [`crate::notice`] board.

/// Device id: the first of those that the virtio specification leaves to experiments (virtio 1.2, appendix B).
pub const DEVICE_ID: u32 = 0xffff;
/// Vendor id: "LWK\0".
pub const VENDOR_ID: u32 = 0x004b_574c;
/// Entries of the largest queue (a power of two).
pub const QUEUE_SIZE: u16 = 512;
/// Index of the queue for the agent's own events.
pub const AGENT_QUEUE: u16 = 0;
/// Index of the first process's request queue.
pub const REQUEST_QUEUE: u16 = 1;
/// Index of the first process's event queue.
pub const EVENT_QUEUE: u16 = 2;
/// How many queues have registers.
pub const QUEUES: u16 = 3;

/// Feature bits of the device (beside VIRTIO_F_VERSION_1 and VIRTIO_F_EVENT_IDX).
pub mod feature {
    /// The device has a window for shared mappings.
    pub const WINDOW: u64 = 1 << 0;
    /// Signals are delivered as events.
    pub const SIGNALS: u64 = 1 << 1;
    /// The device zeroes what is on the zeroing list ([`crate::zeroing`]).
    pub const ZEROING: u64 = 1 << 2;
    /// VIRTIO_F_EVENT_IDX (virtio 1.2, 6).
    pub const EVENT_IDX: u64 = 1 << 29;
    /// VIRTIO_F_VERSION_1 (virtio 1.2, 6).
    pub const VERSION_1: u64 = 1 << 32;
}

/// Registers of virtio over MMIO (virtio 1.2, 4.2.2), as offsets.
pub mod register {
    /// Reads "virt".
    pub const MAGIC: u64 = 0x000;
    /// Reads 2.
    pub const VERSION: u64 = 0x004;
    /// Device id.
    pub const DEVICE_ID: u64 = 0x008;
    /// Vendor id.
    pub const VENDOR_ID: u64 = 0x00c;
    /// Features the device offers, 32 bits of them.
    pub const DEVICE_FEATURES: u64 = 0x010;
    /// Which 32 bits.
    pub const DEVICE_FEATURES_SELECT: u64 = 0x014;
    /// Features the driver accepts.
    pub const DRIVER_FEATURES: u64 = 0x020;
    /// Which 32 bits.
    pub const DRIVER_FEATURES_SELECT: u64 = 0x024;
    /// Which queue the following registers are about.
    pub const QUEUE_SELECT: u64 = 0x030;
    /// Most entries of the queue.
    pub const QUEUE_SIZE_MAX: u64 = 0x034;
    /// Entries of the queue.
    pub const QUEUE_SIZE: u64 = 0x038;
    /// Whether the queue is in use.
    pub const QUEUE_READY: u64 = 0x044;
    /// Doorbell: the index of a queue.
    pub const QUEUE_NOTIFY: u64 = 0x050;
    /// Why there was an interrupt.
    pub const INTERRUPT_STATUS: u64 = 0x060;
    /// What of that has been handled.
    pub const INTERRUPT_ACKNOWLEDGE: u64 = 0x064;
    /// Device status.
    pub const STATUS: u64 = 0x070;
    /// Descriptor table, low and high half.
    pub const QUEUE_DESCRIPTORS: u64 = 0x080;
    /// Available ring, low and high half.
    pub const QUEUE_DRIVER: u64 = 0x090;
    /// Used ring, low and high half.
    pub const QUEUE_DEVICE: u64 = 0x0a0;
    /// Changes with the configuration space.
    pub const CONFIG_GENERATION: u64 = 0x0fc;
    /// The configuration space begins here.
    pub const CONFIG: u64 = 0x100;
}

/// Fields of the configuration space, as offsets from [`register::CONFIG`].
pub mod config {
    /// 32 bits: version of the messages ([`crate::message::VERSION`]).
    pub const VERSION: u64 = 0x00;
    /// 32 bits: queues of the device.
    pub const QUEUES: u64 = 0x04;
    /// 32 bits, write only: length of the log text the driver left at `LOG_ADDRESS`; writing it prints the text.
    pub const LOG_LENGTH: u64 = 0x08;
    /// 32 bits, write only: level of that text (1 error, 2 warning, 3 information).
    pub const LOG_LEVEL: u64 = 0x0c;
    /// 64 bits, write only (low half first): where log text lies.
    pub const LOG_ADDRESS: u64 = 0x10;
    /// 32 bits, write only: the LWK cannot go on; the partition ends with status 125.
    pub const PANIC: u64 = 0x18;
    /// 32 bits, write only: a doorbell of its own: pages wait on the zeroing list.
    pub const ZEROING: u64 = 0x1c;
}

/// Device status bits (virtio 1.2, 2.1).
pub mod status {
    /// The driver has seen the device.
    pub const ACKNOWLEDGE: u32 = 1;
    /// The driver knows how to drive it.
    pub const DRIVER: u32 = 2;
    /// The driver is ready.
    pub const DRIVER_OK: u32 = 4;
    /// Features are agreed on.
    pub const FEATURES_OK: u32 = 8;
    /// Something is wrong with the device.
    pub const NEEDS_RESET: u32 = 64;
    /// The driver gave up.
    pub const FAILED: u32 = 128;
}
