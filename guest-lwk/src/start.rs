//! Boot: from the first vCPU's first instruction to the first program's.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use virtio_ikc::address::GuestPhysical;
use virtio_ikc::boot::BOOT_MAGIC;

use crate::arch::lock::SleepLock;
use crate::arch::{boot as boot_page, current, direct_map, start};
use crate::errno::Errno;
use crate::memory::space::{AddressSpace, MemoryLimits};
use crate::memory::{commit, frames};
use crate::process::execute::{self, Place, Seed};
use crate::process::process::{Channel, Process};
use crate::process::signal::linux;
use crate::process::thread::Thread;
use crate::process::{exit, table};
use crate::{error, ikc, information, schedule, statistics};

/// Set when the first vCPU has made what the others need.
static READY: AtomicBool = AtomicBool::new(false);

/// Where every vCPU arrives from the boot code.
///
/// # Panics
/// When the VMM and the LWK do not fit together, or the partition is too small.
pub fn boot(vcpu: usize) -> ! {
    if vcpu != 0 {
        while !READY.load(Ordering::Acquire) {
            core::hint::spin_loop();
        }
        schedule::idle();
    }
    let page = boot_page::page();
    assert!(page.magic == BOOT_MAGIC && page.version == virtio_ikc::message::VERSION, "not this LWK's boot page");
    frames::initialise(page);
    commit::initialise();
    let count = page.vcpu_count as usize;
    schedule::initialise(count);
    let channel = Channel::open().expect("memory for the first process's queues");
    ikc::device::initialise(&channel);
    information!("{count} vCPUs, {} MiB free", frames::free_bytes() >> 20);
    let process = first_process(channel);
    let thread = Thread::create(page.process, Arc::clone(&process), run_first_program);
    let thread = thread.expect("memory for the first thread");
    process.threads.lock().push(Arc::clone(&thread));
    schedule::start(thread);
    READY.store(true, Ordering::Release);
    schedule::idle()
}

/// The process that the boot page describes, still without a program.
fn first_process(channel: Channel) -> Arc<Process> {
    let page = boot_page::page();
    let limits = MemoryLimits { stack: page.stack_limit, data: u64::MAX, address_space: u64::MAX };
    let random = u64::from_le_bytes(page.seed[..8].try_into().unwrap_or_default());
    let space = AddressSpace::new(limits, random).expect("memory for the first address space");
    let root = space.root();
    let process = Arc::new(Process::new(Arc::new(SleepLock::new(space)), root, channel));
    process.set_pid(page.process);
    {
        let mut signals = process.signals.lock();
        signals.ignore(page.ignored_signals);
        linux::follow_terminal_signals(&process, &signals.actions);
    }
    table::add(process.clone());
    process
}

/// Loads the program and enters it.
extern "sysv64" fn run_first_program() -> ! {
    schedule::begin();
    let thread = current::thread();
    let (path, arguments, environment) = program_strings();
    let mut seed = Seed::new(&boot_page::page().seed);
    let loaded = {
        let mut space = thread.process().space.lock();
        execute::execute(&mut space, Place::here(&path), &path, arguments, &environment, &mut seed)
    };
    let loaded = loaded.unwrap_or_else(|error| refuse(&path, error));
    thread.set_name(&path);
    execute::announce(&path, loaded.handle, false);
    thread.set_context(&loaded.context);
    drop((path, environment));
    statistics::first_memory();
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
