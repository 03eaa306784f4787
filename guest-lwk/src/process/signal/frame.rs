//! The signal frame: what a handler finds on its stack, byte for byte as Linux lays it out
//! (arch/x86/include/uapi/asm/sigcontext.h and ucontext.h, asm/sigframe.h).

use alloc::vec;
use alloc::vec::Vec;

use crate::arch::context::Context;
use crate::arch::fpu::{self, FpuState};
use crate::errno::Errno;
use crate::memory::space::AddressSpace;
use lwk_core::signal::{SIGINFO_BYTES, Signal, SignalSet};

use super::AlternateStack;

/// `uc_flags`: `UC_FP_XSTATE`, `UC_SIGCONTEXT_SS`, `UC_STRICT_RESTORE_SS`.
const UC_FLAGS: u64 = 7;
/// Where things lie from the start of the frame: pretcode, ucontext, siginfo.
const UCONTEXT: usize = 8;
const STACK: usize = UCONTEXT + 16;
const REGISTERS: usize = STACK + 24;
const MASK: usize = REGISTERS + 256;
const INFORMATION: usize = MASK + 8;
const FRAME_BYTES: usize = INFORMATION + SIGINFO_BYTES;
/// Places in sigcontext, in words.
const SELECTORS: usize = 18;
const ERROR: usize = 19;
const TRAP: usize = 20;
const OLD_MASK: usize = 21;
const FAULT_ADDRESS: usize = 22;
const FP_POINTER: usize = 23;
/// The bytes below the stack pointer that leaf functions use (psABI, 3.2.2).
const RED_ZONE: u64 = 128;
/// Marks in the unused part of the FXSAVE area and behind the state.
const SOFTWARE_BYTES: usize = 464;
const FP_MAGIC_1: u32 = 0x4650_5853;
const FP_MAGIC_2: u32 = 0x4650_5845;

/// What the frame says besides the registers.
pub struct FrameContents<'a> {
    /// Signal number.
    pub signal: Signal,
    /// `siginfo_t`.
    pub information: &'a [u8; SIGINFO_BYTES],
    /// The mask to return to.
    pub mask: SignalSet,
    /// The alternate stack as it was.
    pub alternate: AlternateStack,
    /// The handler.
    pub handler: u64,
    /// What the handler returns to.
    pub restorer: u64,
    /// Where the frame goes, if not below the stack pointer: the top of the alternate stack.
    pub stack_top: Option<u64>,
    /// Trap number, error code and address of the last fault.
    pub trap: [u64; 3],
}

/// Writes a frame and lets `context` go on in the handler. EFAULT if the stack cannot take it.
pub fn push(space: &mut AddressSpace, context: &mut Context, contents: &FrameContents<'_>) -> Result<(), Errno> {
    let top = contents.stack_top.unwrap_or(context.rsp.wrapping_sub(RED_ZONE));
    let state = floating_point_image();
    let fp_place = top.checked_sub(state.len() as u64).ok_or(Errno::EFAULT)? & !63;
    let frame_place = (fp_place.checked_sub(FRAME_BYTES as u64).ok_or(Errno::EFAULT)? & !15).wrapping_sub(8);
    let frame = build(context, contents, fp_place);
    space.copy_out(fp_place, &state)?;
    space.copy_out(frame_place, &frame)?;
    context.rdi = u64::from(contents.signal.number());
    context.rsi = frame_place + INFORMATION as u64;
    context.rdx = frame_place + UCONTEXT as u64;
    context.rax = 0;
    context.rip = contents.handler;
    context.rsp = frame_place;
    // The handler starts with DF, TF and RF clear.
    context.rflags &= !0x0001_0500;
    if context.sanitise() { Ok(()) } else { Err(Errno::EFAULT) }
}

fn floating_point_image() -> Vec<u8> {
    let mut state = FpuState::new();
    state.save();
    let mut image = state.bytes();
    let size = u32::try_from(image.len()).unwrap_or(0);
    image[SOFTWARE_BYTES..SOFTWARE_BYTES + 48].fill(0);
    put_u32(&mut image, SOFTWARE_BYTES, FP_MAGIC_1);
    put_u32(&mut image, SOFTWARE_BYTES + 4, size + 4);
    put_u64(&mut image, SOFTWARE_BYTES + 8, fpu::state_mask());
    put_u32(&mut image, SOFTWARE_BYTES + 16, size);
    image.extend_from_slice(&FP_MAGIC_2.to_le_bytes());
    image
}

fn build(context: &Context, contents: &FrameContents<'_>, fp_place: u64) -> Vec<u8> {
    let mut frame = vec![0; FRAME_BYTES];
    put_u64(&mut frame, 0, contents.restorer);
    put_u64(&mut frame, UCONTEXT, UC_FLAGS);
    put_u64(&mut frame, STACK, contents.alternate.address);
    put_u32(&mut frame, STACK + 8, contents.alternate.flags_at(context.rsp));
    put_u64(&mut frame, STACK + 16, contents.alternate.length);
    for (index, value) in registers(context).into_iter().enumerate() {
        put_u64(&mut frame, REGISTERS + index * 8, value);
    }
    let selectors = context.cs | (context.ss << 48);
    put_u64(&mut frame, REGISTERS + SELECTORS * 8, selectors);
    put_u64(&mut frame, REGISTERS + ERROR * 8, contents.trap[1]);
    put_u64(&mut frame, REGISTERS + TRAP * 8, contents.trap[0]);
    put_u64(&mut frame, REGISTERS + OLD_MASK * 8, contents.mask.0);
    put_u64(&mut frame, REGISTERS + FAULT_ADDRESS * 8, contents.trap[2]);
    put_u64(&mut frame, REGISTERS + FP_POINTER * 8, fp_place);
    put_u64(&mut frame, MASK, contents.mask.0);
    frame[INFORMATION..].copy_from_slice(contents.information);
    frame
}

/// The general registers in sigcontext's order.
fn registers(context: &Context) -> [u64; SELECTORS] {
    [
        context.r8,
        context.r9,
        context.r10,
        context.r11,
        context.r12,
        context.r13,
        context.r14,
        context.r15,
        context.rdi,
        context.rsi,
        context.rbp,
        context.rbx,
        context.rdx,
        context.rax,
        context.rcx,
        context.rsp,
        context.rip,
        context.rflags,
    ]
}

/// What a handler returned to: the mask and the alternate stack that were saved.
pub struct Returned {
    /// The signal mask.
    pub mask: SignalSet,
    /// The alternate stack.
    pub alternate: AlternateStack,
}

/// Takes the frame that the stack pointer stands at away (`rt_sigreturn(2)`) and restores `context` from it.
pub fn pop(space: &mut AddressSpace, context: &mut Context) -> Result<Returned, Errno> {
    let mut frame = vec![0; FRAME_BYTES];
    space.copy_in(context.rsp.wrapping_sub(8), &mut frame)?;
    let word = |index: usize| get_u64(&frame, REGISTERS + index * 8);
    restore_floating_point(space, word(FP_POINTER))?;
    [
        &mut context.r8,
        &mut context.r9,
        &mut context.r10,
        &mut context.r11,
        &mut context.r12,
        &mut context.r13,
        &mut context.r14,
        &mut context.r15,
        &mut context.rdi,
        &mut context.rsi,
        &mut context.rbp,
        &mut context.rbx,
        &mut context.rdx,
        &mut context.rax,
        &mut context.rcx,
        &mut context.rsp,
        &mut context.rip,
        &mut context.rflags,
    ]
    .into_iter()
    .enumerate()
    .for_each(|(index, register)| *register = word(index));
    context.original_rax = u64::MAX;
    if !context.sanitise() {
        return Err(Errno::EFAULT);
    }
    let alternate = AlternateStack {
        address: get_u64(&frame, STACK),
        flags: u32::try_from(get_u64(&frame, STACK + 8) & 0xffff_ffff).unwrap_or(0),
        length: get_u64(&frame, STACK + 16),
    };
    Ok(Returned { mask: SignalSet(get_u64(&frame, MASK)).as_mask(), alternate })
}

fn restore_floating_point(space: &mut AddressSpace, place: u64) -> Result<(), Errno> {
    if place == 0 {
        fpu::load_initial();
        return Ok(());
    }
    let mut state = FpuState::new();
    let mut image = vec![0; fpu::state_bytes()];
    space.copy_in(place, &mut image)?;
    state.set_bytes(&image);
    state.sanitise();
    state.load();
    Ok(())
}

fn put_u64(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

fn get_u64(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8].try_into().map_or(0, u64::from_le_bytes)
}
