//! Boot: from the first vCPU's first instruction to the first program's.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::boot::BOOT_MAGIC;

use crate::arch::{boot as boot_page, current, direct_map, fpu, privileged, registers, start};
use crate::errno::Errno;
use crate::memory::space::{AddressSpace, MemoryLimits};
use crate::memory::{commit, frames};
use crate::process::execute::{self, Seed};
use crate::process::process::Process;
use crate::process::thread::Thread;
use crate::process::{exit, table};
use crate::{error, ikc, information};

/// Set when the first vCPU has made what the others need.
static READY: AtomicBool = AtomicBool::new(false);

/// Where every vCPU arrives from the boot code.
///
/// # Panics
/// When the VMM and the LWK do not fit together, or the partition is too small.
pub fn boot(vcpu: usize) -> ! {
    if vcpu != 0 {
        join();
    }
    let page = boot_page::page();
    assert!(page.magic == BOOT_MAGIC && page.version == virtio_ikc::message::VERSION, "not this LWK's boot page");
    frames::initialise(page);
    commit::initialise();
    let count = page.vcpu_count as usize;
    ikc::device::initialise(count);
    information!("{count} vCPUs, {} MiB free", frames::free_bytes() >> 20);
    let process = first_process();
    let thread = Thread::create(page.process, process, 0).expect("memory for the first thread");
    READY.store(true, Ordering::Release);
    start::run_on_stack(thread, run_first_program)
}

/// The other vCPUs: there is nothing for them to do until programs have more than one thread, so they halt.
fn join() -> ! {
    while !READY.load(Ordering::Acquire) {
        core::hint::spin_loop();
    }
    loop {
        privileged::take_pending();
        privileged::halt();
    }
}

/// The process that the boot page describes, still without a program.
fn first_process() -> Arc<Process> {
    let page = boot_page::page();
    let limits = MemoryLimits { stack: page.stack_limit, data: u64::MAX, address_space: u64::MAX };
    let random = u64::from_le_bytes(page.seed[..8].try_into().unwrap_or_default());
    let space = AddressSpace::new(limits, random).expect("memory for the first address space");
    let process = Arc::new(Process::new(page.process, page.parent, space));
    process.signals.lock().ignore(page.ignored_signals);
    table::add(process.clone());
    process
}

/// Loads the program and enters it.
extern "sysv64" fn run_first_program() -> ! {
    let thread = current::thread();
    let process = thread.process();
    let (path, arguments, environment) = program_strings();
    let mut seed = Seed::new(&boot_page::page().seed);
    let mut space = process.space.lock();
    let context = match execute::execute(&mut space, &path, arguments, &environment, &mut seed) {
        Ok(context) => context,
        Err(error) => {
            drop(space);
            refuse(&path, error)
        }
    };
    privileged::load_page_table(space.root());
    drop(space);
    process.set_name(&path);
    execute::announce(&path);
    registers::set_fs_base(0);
    registers::set_gs_base(0);
    fpu::load_initial();
    thread.set_context(&context);
    start::enter_program()
}

/// The program cannot be run: says so, and ends with the status that a shell gives (126 or 127).
fn refuse(path: &[u8], error: Errno) -> ! {
    error!("cannot run {}: {}", alloc::string::String::from_utf8_lossy(path), error.text());
    exit::with_status(if error == Errno::ENOENT { 127 } else { 126 })
}

/// The path, the arguments and the environment that the VMM left.
fn program_strings() -> (Vec<u8>, Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let page = boot_page::page();
    let mut bytes = vec![0; usize::try_from(page.program.length).unwrap_or(0)];
    direct_map::read(GuestPhysical(page.program.start.0), &mut bytes);
    let mut strings = bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec);
    let path = strings.next().unwrap_or_default();
    let arguments = strings.by_ref().take(page.argument_count as usize).collect();
    let environment = strings.take(page.environment_count as usize).collect();
    (path, arguments, environment)
}
