//! How long it takes to wake a halted vCPU with an interrupt, the price of letting idle CPUs halt.

use std::thread;

use kvm_ioctls::Kvm;

use super::registers::Level;
use super::vcpu::{Start, Vcpu, create_vm, failed};
use super::{ProbeError, tables};
use crate::arch::probe_code::Label;

const REPEAT: u64 = 100;
/// Microseconds for the other vCPU to halt; after 4096 times as long without an answer the interrupt is lost.
const PAUSE: u64 = 250;

/// Nanoseconds from before an interrupt is sent until the handler of a halted vCPU has run, at best.
pub(super) fn measure(kvm: &Kvm) -> Result<f64, ProbeError> {
    let (vm, memory) = create_vm(kvm, Label::SendHandler)?;
    vm.create_irq_chip().map_err(failed("create interrupt controllers"))?;
    let mut sender = Vcpu::new(kvm, &vm, 0)?;
    let mut sleeper = Vcpu::new(kvm, &vm, 1)?;
    sender.enable_apic()?;
    sleeper.enable_apic()?;
    let pause = PAUSE * sender.ticks_per_microsecond();
    let both = Start { repeat: REPEAT, target: tables::COUNTER, pause, ..Start::default() };
    sender.start(&Start { label: Label::Interrupts, ..both })?;
    sleeper.start(&Start { label: Label::Halt, level: Level::Cpl0, interruptible: true, ..both })?;
    let memory_of_sleeper = memory.clone();
    let asleep = thread::spawn(move || {
        let result = sleeper.until_store();
        drop((sleeper, memory_of_sleeper));
        result
    });
    sender.until_store()?;
    let registers = sender.registers()?;
    if registers.r10 != 0 {
        // The sleeper sleeps on; its thread ends with the process.
        return Err(ProbeError::Unexpected("a lost interrupt".to_owned()));
    }
    asleep.join().unwrap_or_else(|_| Err(ProbeError::Unexpected("a panic".to_owned())))?;
    Ok(sender.nanoseconds(registers.r9, 1))
}
