use vm_memory::{Bytes, GuestAddress};

use super::super::LogLevel;
use super::*;

fn device() -> Device {
    let memory = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), 0x1_0000)]).expect("memory");
    Device::new(memory)
}

fn write(device: &mut Device, offset: u64, value: u32) -> Option<Effect> {
    device.write(offset, &value.to_le_bytes())
}

fn read(device: &Device, offset: u64) -> u32 {
    let mut bytes = [0; 4];
    device.read(offset, &mut bytes);
    u32::from_le_bytes(bytes)
}

fn negotiate(device: &mut Device, features: u64) {
    write(device, register::STATUS, status::ACKNOWLEDGE | status::DRIVER);
    for part in 0..2 {
        write(device, register::DRIVER_FEATURES_SELECT, part);
        write(device, register::DRIVER_FEATURES, half(features, part));
    }
    write(device, register::STATUS, status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK);
}

fn make_ready(device: &mut Device, index: u32) -> Option<Effect> {
    write(device, register::QUEUE_SELECT, index);
    write(device, register::QUEUE_SIZE, 64);
    write(device, register::QUEUE_DESCRIPTORS, 0x1000);
    write(device, register::QUEUE_DESCRIPTORS + 4, 1);
    write(device, register::QUEUE_DRIVER, 0x2000);
    write(device, register::QUEUE_DEVICE, 0x3000);
    write(device, register::QUEUE_READY, 1)
}

#[test]
fn it_says_what_it_is() {
    let device = device();
    assert_eq!(read(&device, register::MAGIC).to_le_bytes(), *b"virt");
    assert_eq!(read(&device, register::VERSION), 2);
    assert_eq!(read(&device, register::DEVICE_ID), DEVICE_ID);
    assert_eq!(read(&device, register::CONFIG + config::VERSION), VERSION);
    assert_eq!(read(&device, register::CONFIG + config::QUEUES), 3);
}

#[test]
fn the_handshake_activates_the_queues_that_are_ready() {
    let mut device = device();
    negotiate(&mut device, REQUIRED);
    assert_ne!(read(&device, register::STATUS) & status::FEATURES_OK, 0);
    assert_eq!(make_ready(&mut device, 0), None);
    assert_eq!(make_ready(&mut device, 2), None);
    let effect = write(&mut device, register::STATUS, status::FEATURES_OK | status::DRIVER_OK);
    let queue = |index| Queue { index, size: 64, descriptors: 0x1_0000_1000, driver: 0x2000, device: 0x3000 };
    assert_eq!(effect, Some(Effect::Activate(vec![queue(0), queue(2)])));
}

#[test]
fn features_that_were_not_offered_or_are_missing_are_not_accepted() {
    for features in [0, feature::VERSION_1, REQUIRED | 1 << 40] {
        let mut device = device();
        negotiate(&mut device, features);
        assert_eq!(read(&device, register::STATUS) & status::FEATURES_OK, 0);
        let effect = write(&mut device, register::STATUS, status::FEATURES_OK | status::DRIVER_OK);
        assert!(matches!(effect, Some(Effect::Violation(_))), "{features:#x}: {effect:?}");
    }
}

#[test]
fn a_queue_in_use_cannot_be_moved() {
    let mut device = device();
    make_ready(&mut device, 1);
    assert!(matches!(write(&mut device, register::QUEUE_DRIVER, 0), Some(Effect::Violation(_))));
}

#[test]
fn bad_queues_are_violations() {
    for (register, value) in
        [(register::QUEUE_SIZE, 3), (register::QUEUE_SIZE, 2 * u32::from(QUEUE_SIZE)), (register::QUEUE_DEVICE, 2)]
    {
        let mut device = device();
        write(&mut device, register::QUEUE_SIZE, 64);
        write(&mut device, register, value);
        assert!(matches!(write(&mut device, register::QUEUE_READY, 1), Some(Effect::Violation(_))));
    }
    assert!(matches!(make_ready(&mut device(), 3), Some(Effect::Violation(_))));
}

#[test]
fn a_device_in_use_cannot_be_reset() {
    let mut device = device();
    negotiate(&mut device, REQUIRED);
    write(&mut device, register::STATUS, status::FEATURES_OK | status::DRIVER_OK);
    assert!(matches!(write(&mut device, register::STATUS, 0), Some(Effect::Violation(_))));
}

#[test]
fn text_is_copied_and_made_harmless() {
    let mut device = device();
    device.memory.write_slice(b"one\x1b[2Jtwo\n", GuestAddress(0x5000)).expect("written");
    write(&mut device, register::CONFIG + config::LOG_ADDRESS, 0x5000);
    write(&mut device, register::CONFIG + config::LOG_LEVEL, 2);
    let effect = write(&mut device, register::CONFIG + config::LOG_LENGTH, 11);
    let text = "one\u{fffd}[2Jtwo".to_owned();
    assert_eq!(effect, Some(Effect::Log(LogLine { level: LogLevel::Warning, text })));
}

#[test]
fn text_outside_the_memory_is_ignored() {
    let mut device = device();
    write(&mut device, register::CONFIG + config::LOG_ADDRESS + 4, 7);
    assert_eq!(write(&mut device, register::CONFIG + config::LOG_LENGTH, u32::MAX), None);
}

#[test]
fn accesses_of_a_wrong_width_do_no_harm() {
    let mut device = device();
    let mut bytes = [0xff; 8];
    device.read(register::MAGIC, &mut bytes);
    assert_eq!(bytes, [0; 8]);
    assert!(matches!(device.write(register::STATUS, &[0; 2]), Some(Effect::Violation(_))));
}

#[test]
fn unknown_registers_are_ignored() {
    let mut device = device();
    assert_eq!(write(&mut device, 0xff0, 1), None);
    assert_eq!(read(&device, 0xff0), 0);
}

proptest::proptest! {
    #[test]
    fn no_sequence_of_accesses_does_harm(
        accesses in proptest::collection::vec((0..0x140_u64, 0..=8_usize, proptest::num::u64::ANY), 0..200)
    ) {
        let mut device = device();
        for (offset, width, value) in accesses {
            let mut bytes = value.to_le_bytes();
            if let Some(Effect::Log(line)) = device.write(offset, &bytes[..width]) {
                proptest::prop_assert!(line.text.len() <= 3 * 4096);
            }
            device.read(offset, &mut bytes[..width]);
        }
    }
}
