//! execve(2): a process goes on with another program.
//!
//! The new program is loaded into an address space of its own while the old one is still there, so that whatever is wrong with it is an
//! error that the old one can handle. After that nothing fails any more: other threads end, and the spaces change places.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use lwk_core::signal::Signal;

use super::execute::{self, Loaded, Place, Seed};
use super::exit::release_space;
use super::futex;
use super::thread::Thread;
use crate::arch::context::Context;
use crate::arch::lock::SleepLock;
use crate::arch::{boot, fpu, registers};
use crate::errno::Errno;
use crate::memory::file;
use crate::memory::space::AddressSpace;
use crate::process::signal::{AlternateStack, linux};
use crate::schedule;

/// personality(2)'s `ADDR_NO_RANDOMIZE`.
const ADDRESSES_ARE_NOT_RANDOM: u32 = 0x0004_0000;

/// What execve(2) was asked for, copied from the program.
pub struct Program {
    /// Directory descriptor, for a path that is not absolute.
    pub directory: u64,
    /// The path.
    pub path: Vec<u8>,
    /// AT_* flags.
    pub flags: u64,
    /// How a script's interpreter finds it.
    pub script_name: Vec<u8>,
    /// The arguments.
    pub arguments: Vec<Vec<u8>>,
    /// The environment.
    pub environment: Vec<Vec<u8>>,
}

/// Replaces the program of `thread`'s process; answers the registers that the new one starts with.
pub fn replace(thread: &Thread, program: &Program) -> Result<Context, Errno> {
    let process = thread.process();
    if !process.begin_execution() {
        // Another thread does the same and ends this one.
        return Err(Errno::EAGAIN);
    }
    let replaced = load(thread, program).and_then(|(space, loaded)| go_on(thread, program, space, &loaded));
    process.end_execution();
    replaced
}

fn load(thread: &Thread, program: &Program) -> Result<(AddressSpace, Loaded), Errno> {
    let mut seed = Seed::new(&boot::page().seed);
    if thread.process().personality.load(Ordering::Relaxed) & ADDRESSES_ARE_NOT_RANDOM != 0 {
        seed.keep_still();
    }
    let limits = thread.process().space.lock().limits;
    let mut space = AddressSpace::new(limits, seed.shift())?;
    let place = Place { directory: program.directory, path: &program.path, flags: program.flags };
    let arguments = program.arguments.clone();
    let loaded = execute::execute(&mut space, place, &program.script_name, arguments, &program.environment, &mut seed);
    match loaded {
        Ok(loaded) => Ok((space, loaded)),
        Err(error) => {
            space.destroy(true);
            Err(error)
        }
    }
}

/// The point of no return. Fails only if the process ends meanwhile.
fn go_on(thread: &Thread, program: &Program, space: AddressSpace, loaded: &Loaded) -> Result<Context, Errno> {
    let process = thread.process();
    if end_other_threads(thread).is_err() {
        space.destroy(true);
        return Err(Errno::EINTR);
    }
    futex::release(thread);
    let root = space.root();
    let old = process.space.replace(Arc::new(SleepLock::new(space)), root);
    schedule::enter(root);
    if process.vfork_parent.lock().is_some() {
        give_borrowed_handles_back(&old);
        drop(old);
    } else {
        release_space(old, true);
    }
    process.timers.delete_all();
    thread.become_first();
    process.set_executed();
    reset_actions(thread);
    thread.signals.lock().alternate = AlternateStack::DISABLED;
    *thread.rseq.lock() = None;
    *thread.robust_list.lock() = (0, 0);
    thread.clear_tid.store(0, Ordering::Relaxed);
    thread.set_name(&program.path);
    process.dumpable.store(1, Ordering::Relaxed);
    execute::announce(&program.path, loaded.handle, true);
    // Not before the proxy has closed what is to be closed: the parent may execute a file that its child had open for writing.
    if let Some(parent) = process.vfork_parent.lock().take() {
        schedule::unpark(&parent);
    }
    registers::set_fs_base(0);
    registers::set_gs_base(0);
    *thread.bases.lock() = (0, 0);
    fpu::load_initial();
    Ok(loaded.context)
}

/// Handlers are gone with the program; what was ignored stays so.
fn reset_actions(thread: &Thread) {
    let (before, after) = {
        let mut signals = thread.process().signals.lock();
        let before = *signals.actions.get(Signal::CHLD);
        signals.actions.reset_for_exec();
        linux::follow_terminal_signals(thread.process(), &signals.actions);
        (before, *signals.actions.get(Signal::CHLD))
    };
    linux::follow(&before, &after);
}

/// Ends all threads but this one and waits until they have ended. EINTR if this one shall end, too.
fn end_other_threads(thread: &Thread) -> Result<(), Errno> {
    loop {
        let mut others = thread.process().all_threads();
        others.retain(|other| !core::ptr::eq(Arc::as_ptr(other), thread));
        // What they tell Linux as they end must not come behind what the new program asks.
        if others.is_empty() && thread.process().leaving.load(Ordering::SeqCst) == 0 {
            return Ok(());
        }
        if thread.is_ending() {
            return Err(Errno::EINTR);
        }
        for other in &others {
            other.kill();
            schedule::kick(other);
        }
        drop(others);
        schedule::park(None);
    }
}

/// A child of vfork(2) has, in its proxy, a copy of each handle of its parent; the parent's own stay.
fn give_borrowed_handles_back(parent: &SleepLock<AddressSpace>) {
    let handles = parent.lock().files.handles();
    handles.into_iter().for_each(file::release_handle);
}
