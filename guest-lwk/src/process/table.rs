//! The processes of the partition, by pid.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use spin::Mutex;
use virtio_ikc::message::Event;

use super::process::Process;

static PROCESSES: Mutex<BTreeMap<u32, Arc<Process>>> = Mutex::new(BTreeMap::new());

/// Enters a process.
pub fn add(process: Arc<Process>) {
    PROCESSES.lock().insert(process.pid(), process);
}

/// The process with this pid.
pub fn find(pid: u32) -> Option<Arc<Process>> {
    PROCESSES.lock().get(&pid).cloned()
}

/// How many there are.
pub fn count() -> usize {
    PROCESSES.lock().len()
}

/// Linux sent a proxy a signal: it is its process's.
pub fn signal_from_linux(event: &Event) {
    if let (Some(process), Some(information)) = (find(event.process), super::signal::from_linux(event)) {
        // A full queue is the sender's EAGAIN on Linux; here the signal is already on its way and is lost.
        let _ = super::signal::queue_for_process(&process, information);
    }
}
