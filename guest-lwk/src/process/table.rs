//! The processes of the partition: by pid, and by their places on the notice board.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use spin::{Mutex, RwLock};
use virtio_ikc::notice::{FIRST_PLACE, PLACES};

use super::process::Process;
use super::thread::Thread;
use crate::errno::Errno;

/// The pid of a process whose parent's proxy was killed as it made the process's own.
const UNBORN: u32 = 0;

static PROCESSES: RwLock<BTreeMap<u32, Arc<Process>>> = RwLock::new(BTreeMap::new());
static PLACES_TAKEN: Mutex<Vec<Place>> = Mutex::new(Vec::new());

/// A place on the notice board.
#[derive(Clone)]
enum Place {
    Free,
    /// Its process is being made. Its proxy may have ended already.
    Reserved {
        ended: bool,
    },
    Taken(Arc<Process>),
}

/// Takes a free place; EAGAIN if there are as many processes as there can be.
pub fn reserve_place() -> Result<usize, Errno> {
    let mut places = PLACES_TAKEN.lock();
    if places.is_empty() {
        places.push(Place::Reserved { ended: false });
    }
    let free = places.iter().position(|place| matches!(place, Place::Free)).unwrap_or(places.len());
    if free >= PLACES {
        return Err(Errno::EAGAIN);
    }
    debug_assert!(free >= FIRST_PLACE);
    match places.get_mut(free) {
        Some(place) => *place = Place::Reserved { ended: false },
        None => places.push(Place::Reserved { ended: false }),
    }
    Ok(free)
}

/// Gives a place back that no process has.
pub fn free_place(place: usize) {
    PLACES_TAKEN.lock()[place] = Place::Free;
}

/// Enters a process. Whether its proxy has ended in the meantime.
pub fn add(process: Arc<Process>) -> bool {
    let ended = hold(&process);
    PROCESSES.write().insert(process.pid(), process);
    ended
}

/// Keeps the place of a process that nobody can find. Whether its proxy has ended in the meantime.
pub fn hold(process: &Arc<Process>) -> bool {
    let mut places = PLACES_TAKEN.lock();
    let before = core::mem::replace(&mut places[process.place()], Place::Taken(Arc::clone(process)));
    matches!(before, Place::Reserved { ended: true })
}

/// The proxy `pid` at `place` has ended: its process, unless that is still being made and will hear of it in its place's time.
pub fn proxy_ended(place: usize, pid: u32) -> Option<Arc<Process>> {
    match PLACES_TAKEN.lock().get_mut(place)? {
        Place::Taken(process) if [pid, UNBORN].contains(&process.pid()) => Some(Arc::clone(process)),
        Place::Reserved { ended } => {
            *ended = true;
            None
        }
        _ => None,
    }
}

/// Takes a process out whose proxy is no more.
pub fn remove(process: &Arc<Process>) {
    let mut processes = PROCESSES.write();
    // The pid may be another's already.
    if processes.get(&process.pid()).is_some_and(|found| Arc::ptr_eq(found, process)) {
        processes.remove(&process.pid());
    }
    drop(processes);
    free_place(process.place());
}

/// The process with this pid.
pub fn find(pid: u32) -> Option<Arc<Process>> {
    PROCESSES.read().get(&pid).cloned()
}

/// The process at this place.
pub fn at_place(place: usize) -> Option<Arc<Process>> {
    match PLACES_TAKEN.lock().get(place) {
        Some(Place::Taken(process)) => Some(Arc::clone(process)),
        _ => None,
    }
}

/// All processes.
pub fn all() -> Vec<Arc<Process>> {
    PROCESSES.read().values().cloned().collect()
}

/// The thread with this tid.
pub fn thread(tid: u32) -> Option<Arc<Thread>> {
    let of = |process: &Arc<Process>| process.threads.lock().iter().find(|thread| thread.tid() == tid).cloned();
    if let Some(found) = find(tid).as_ref().and_then(of) {
        return Some(found);
    }
    all().iter().find_map(of)
}

/// How many processes there are.
pub fn count() -> usize {
    PROCESSES.read().len()
}
