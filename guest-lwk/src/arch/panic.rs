//! The LWK's last words.
#![allow(unsafe_code)]

use core::arch::asm;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use virtio_ikc::layout::{DIRECT_MAP, LWK_IMAGE, VCPU_AREAS};

use crate::{error, ikc};

static DYING: AtomicBool = AtomicBool::new(false);
/// Frames of a trace at most.
const MAX_DEPTH: usize = 24;
/// Bytes of text that an image can have.
const IMAGE_SPAN: u64 = 64 << 20;

#[panic_handler]
fn panic(information: &PanicInfo<'_>) -> ! {
    if !DYING.swap(true, Ordering::SeqCst) {
        error!("LWK panic: {information}");
        trace_stack();
    }
    ikc::device::report_panic();
    loop {
        core::hint::spin_loop();
    }
}

/// Logs the return addresses on the stack; the VMM puts names to them.
fn trace_stack() {
    let mut frame: u64;
    // SAFETY: reads the frame pointer.
    unsafe { asm!("mov {}, rbp", out(reg) frame, options(nomem, nostack)) }
    for _ in 0..MAX_DEPTH {
        let on_a_stack = (DIRECT_MAP..LWK_IMAGE).contains(&frame) || frame >= VCPU_AREAS;
        if !on_a_stack || !frame.is_multiple_of(8) {
            return;
        }
        // SAFETY: frame pointers are forced on for the LWK; the chain lies on LWK stacks, which are mapped.
        let (next, caller) = unsafe { (*(frame as *const u64), *((frame + 8) as *const u64)) };
        if !(LWK_IMAGE..LWK_IMAGE + IMAGE_SPAN).contains(&caller) {
            return;
        }
        error!("  at {caller:#x}");
        if next <= frame {
            return;
        }
        frame = next;
    }
}
