//! The registers.

use host_agent::protocol::Queue;
use virtio_ikc::address::GuestPhysical;
use virtio_ikc::device::{DEVICE_ID, QUEUE_SIZE, QUEUES, VENDOR_ID, config, feature, register, status};
use virtio_ikc::message::VERSION;
use vm_memory::GuestMemoryMmap;

use super::LogLine;
use super::queue::QueueRegisters;

const MAGIC: u32 = u32::from_le_bytes(*b"virt");
const TRANSPORT_VERSION: u32 = 2;
/// What the driver cannot do without.
const REQUIRED: u64 = feature::VERSION_1 | feature::EVENT_IDX;
const OFFERED: u64 = REQUIRED | feature::SIGNALS | feature::WINDOW | feature::ZEROING;
const VERSION_FIELD: u64 = register::CONFIG + config::VERSION;
const QUEUES_FIELD: u64 = register::CONFIG + config::QUEUES;
const CONFIG_END: u64 = register::CONFIG + config::ZEROING + 4;

/// What follows from a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The driver is ready: these queues may be used.
    Activate(Vec<Queue>),
    /// The LWK said something.
    Log(LogLine),
    /// The LWK cannot go on.
    Panic,
    /// The driver broke a rule: the partition ends with this line.
    Violation(String),
}

/// The device as its driver sees it.
#[derive(Debug)]
pub struct Device {
    memory: GuestMemoryMmap,
    queues: [QueueRegisters; QUEUES as usize],
    selected: u32,
    offered_half: u32,
    accepted_half: u32,
    accepted: u64,
    status: u32,
    log_level: u32,
    log_address: u64,
}

impl Device {
    /// A device after reset that finds log text in `memory`.
    #[must_use]
    pub fn new(memory: GuestMemoryMmap) -> Self {
        Self {
            memory,
            queues: Default::default(),
            selected: 0,
            offered_half: 0,
            accepted_half: 0,
            accepted: 0,
            status: 0,
            log_level: 0,
            log_address: 0,
        }
    }

    /// Takes a read of the register at `offset`. All registers have 32 bits; other reads give zeros.
    pub fn read(&self, offset: u64, bytes: &mut [u8]) {
        let value = self.register(offset).to_le_bytes();
        if bytes.len() == value.len() {
            bytes.copy_from_slice(&value);
        } else {
            bytes.fill(0);
        }
    }

    /// Takes a write to the register at `offset` and says what follows from it.
    pub fn write(&mut self, offset: u64, bytes: &[u8]) -> Option<Effect> {
        let Ok(value) = bytes.try_into().map(u32::from_le_bytes) else {
            return Some(Effect::Violation(format!("a write of {} bytes to register {offset:#x}", bytes.len())));
        };
        match offset {
            register::DEVICE_FEATURES_SELECT => self.offered_half = value,
            register::DRIVER_FEATURES_SELECT => self.accepted_half = value,
            register::DRIVER_FEATURES => self.set_features(value),
            register::QUEUE_SELECT => self.selected = value,
            register::QUEUE_SIZE | register::QUEUE_READY | register::QUEUE_DESCRIPTORS..=0xa7 => {
                return self.write_queue(offset, value);
            }
            register::STATUS => return self.set_status(value),
            register::CONFIG..CONFIG_END => return self.write_config(offset - register::CONFIG, value),
            _ => {}
        }
        None
    }

    fn register(&self, offset: u64) -> u32 {
        match offset {
            register::MAGIC => MAGIC,
            register::VERSION => TRANSPORT_VERSION,
            register::DEVICE_ID => DEVICE_ID,
            register::VENDOR_ID => VENDOR_ID,
            register::DEVICE_FEATURES => half(OFFERED, self.offered_half),
            register::QUEUE_SIZE_MAX if self.queue().is_some() => QUEUE_SIZE.into(),
            register::QUEUE_READY => self.queue().is_some_and(QueueRegisters::is_ready).into(),
            register::STATUS => self.status,
            VERSION_FIELD => VERSION,
            QUEUES_FIELD => QUEUES.into(),
            _ => 0,
        }
    }

    fn queue(&self) -> Option<&QueueRegisters> {
        self.queues.get(usize::try_from(self.selected).ok()?)
    }

    fn set_features(&mut self, value: u32) {
        let shift = match self.accepted_half {
            0 => 0,
            1 => 32,
            _ => return,
        };
        self.accepted = self.accepted & !(0xffff_ffff << shift) | u64::from(value) << shift;
    }

    fn write_queue(&mut self, offset: u64, value: u32) -> Option<Effect> {
        let selected = self.selected;
        let queue = usize::try_from(selected).ok().and_then(|index| self.queues.get_mut(index));
        if queue.is_some_and(|queue| queue.write(offset, value)) {
            return None;
        }
        Some(Effect::Violation(format!("queue {selected}: register {offset:#x} cannot be {value:#x} now")))
    }

    fn set_status(&mut self, value: u32) -> Option<Effect> {
        if self.status & status::DRIVER_OK != 0 {
            let reset = value & status::DRIVER_OK == 0;
            return if reset { Some(Effect::Violation("a reset of a device in use".to_owned())) } else { None };
        }
        if value == 0 {
            *self = Self::new(self.memory.clone());
            return None;
        }
        let agreed = self.accepted & REQUIRED == REQUIRED && self.accepted & !OFFERED == 0;
        self.status = if agreed { value } else { value & !status::FEATURES_OK };
        if self.status & status::DRIVER_OK == 0 {
            return None;
        }
        if self.status & status::FEATURES_OK == 0 {
            return Some(Effect::Violation("the driver went on without agreed features".to_owned()));
        }
        let ready = (0..).zip(&self.queues).filter(|(_, queue)| queue.is_ready());
        Some(Effect::Activate(ready.map(|(index, queue)| queue.describe(index)).collect()))
    }

    fn write_config(&mut self, offset: u64, value: u32) -> Option<Effect> {
        const ADDRESS_HIGH: u64 = config::LOG_ADDRESS + 4;
        match offset {
            config::LOG_LEVEL => self.log_level = value,
            config::LOG_ADDRESS => self.log_address = self.log_address & !0xffff_ffff | u64::from(value),
            ADDRESS_HIGH => self.log_address = self.log_address & 0xffff_ffff | u64::from(value) << 32,
            config::LOG_LENGTH => {
                let address = GuestPhysical(self.log_address);
                return LogLine::read(&self.memory, self.log_level, address, value).map(Effect::Log);
            }
            config::PANIC => return Some(Effect::Panic),
            _ => {}
        }
        None
    }
}

fn half(value: u64, half: u32) -> u32 {
    match half {
        0 => (value & 0xffff_ffff) as u32,
        1 => (value >> 32) as u32,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
