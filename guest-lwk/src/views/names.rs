//! What mapped files are called: Linux knows, by the handle that the mapping holds.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use virtio_ikc::message::{Operation, Segment};

use crate::arch::{current, direct_map};
use crate::errno::from_register;
use crate::ikc::request::{self, Draft};
use crate::process::process::Process;

/// `PATH_MAX`, and what Linux writes behind the name of a file that was removed.
const NAME_BYTES: usize = 4096 + 16;

/// What a file is called, and what it is.
pub struct FileName {
    /// Its path.
    pub path: Vec<u8>,
    /// Its device, as stat(2) has it.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
}

/// The names of the files of an address space, by handle.
#[derive(Default)]
pub struct Names(BTreeMap<u64, FileName>);

impl Names {
    /// Asks for the names of `handles`, which are `process`'s. Its address space is locked.
    pub fn of(process: &Arc<Process>, handles: &[u64]) -> Self {
        let named = handles.iter().filter_map(|handle| Some((*handle, ask(process, *handle)?)));
        Self(named.collect())
    }

    /// The name of `handle`.
    pub fn get(&self, handle: u64) -> Option<&FileName> {
        self.0.get(&handle)
    }
}

/// The path of the program that `process` runs.
pub fn executable(process: &Arc<Process>) -> Option<Vec<u8>> {
    let space = process.space.lock();
    let handle = space.program.executable?;
    space.files.identity(handle)?;
    Some(ask(process, handle)?.path)
}

fn ask(process: &Arc<Process>, handle: u64) -> Option<FileName> {
    let is_own = Arc::ptr_eq(process, current::thread().process());
    if process.stop.is_stopped() && !is_own {
        // Its proxy is stopped, too, and would not answer.
        return None;
    }
    let buffer = vec![0_u8; NAME_BYTES];
    let place = direct_map::physical_of(buffer.as_slice());
    let mut draft = Draft::operation(Operation::FILE_NAME);
    draft.arguments([handle, 0, 0, 0, 0, 0]);
    draft.output(1, &[Segment { address: place, length: NAME_BYTES as u64 }]);
    let reply = request::send_for(process, draft);
    let length = usize::try_from(from_register(reply.result).ok()?).ok()?.min(NAME_BYTES);
    let mut path = vec![0; length];
    direct_map::read(place, &mut path);
    drop(buffer);
    Some(FileName { path, device: reply.values[0], inode: reply.values[1] })
}
