//! Files of /proc and /sys that show the partition: what the LWK knows of processes, memory and processors, as proc(5) writes it.
//!
//! The agent says in its reply to open(2) or read(2) that a descriptor shows a view; the LWK then makes the text and hands it over.

mod areas;
mod image;
mod limits;
mod maps;
mod names;
mod numbers;
mod smaps;
mod stat;
mod status;
mod system;
mod text;
mod transfer;

use alloc::sync::Arc;
use alloc::vec::Vec;

use virtio_ikc::message::{Operation, Reply, Role};
use virtio_ikc::table::Call;
use virtio_ikc::view::View;

use crate::errno::{Errno, SysResult, from_register};
use crate::ikc::request::{self, Draft};
use crate::process::process::Process;
use crate::process::table;
use crate::process::thread::Thread;
use areas::Areas;
use text::Text;

const CLOSE: u16 = 3;

/// Not an errno of Linux: the call is to be made again, now that the descriptor shows what is so.
pub const AGAIN: Errno = Errno(3999);

/// Most bytes of a command line that the host shows.
const SHOWN_BYTES: usize = 4096;

/// The command line of `process` for the host to show.
pub fn shown_command_line(process: &Process) -> Vec<u8> {
    let mut bytes = image::command_line(process).finish().unwrap_or_default();
    bytes.truncate(SHOWN_BYTES);
    bytes
}

/// What the agent asks for.
pub struct Asked {
    view: View,
    process: u32,
    /// The thread, or for calls that move bytes the position.
    third: u64,
    descriptor: u64,
}

impl Asked {
    /// What `reply` asks for, if it does.
    pub fn of(reply: &Reply) -> Option<Self> {
        let [view, process, third, descriptor] = reply.values;
        let view = View(u32::try_from(view).ok()?);
        (view != View::NONE).then(|| Self { view, process: u32::try_from(process).unwrap_or(0), third, descriptor })
    }
}

/// Finishes `call`, to which the agent answered `result` and asked for a view.
pub fn answer(thread: &Thread, call: &Call, arguments: &[u64; 6], result: u64, asked: &Asked) -> SysResult {
    match call.name {
        "open" | "openat" | "openat2" => open(thread, result, asked),
        "readlink" => executable(thread, (arguments[1], arguments[2]), result, asked),
        "readlinkat" => executable(thread, (arguments[2], arguments[3]), result, asked),
        _ if matches!(asked.view, View::MEMORY | View::PAGE_MAP) => {
            let Some(process) = table::find(asked.process) else { return Ok(0) };
            let request = transfer::Transfer {
                descriptor: asked.descriptor,
                position: asked.third,
                address: arguments[1],
                length: arguments[2],
                moves_on: matches!(call.name, "read" | "write"),
            };
            request.run(thread, &process, call.name, asked.view)
        }
        _ => match show(thread, asked) {
            Ok(true) => Err(AGAIN),
            Ok(false) => Err(Errno::ESRCH),
            Err(error) => Err(error),
        },
    }
}

/// A file was opened: it shows the partition, or it is closed again.
fn open(thread: &Thread, descriptor: u64, asked: &Asked) -> SysResult {
    match show(thread, asked) {
        Ok(_) => Ok(descriptor),
        Err(error) => {
            request::send(Draft::call(CLOSE, [descriptor, 0, 0, 0, 0, 0]));
            Err(error)
        }
    }
}

/// Lets the descriptor show the view; false if that is not the partition's to say.
fn show(thread: &Thread, asked: &Asked) -> Result<bool, Errno> {
    let Some(text) = generate(asked) else { return Ok(false) };
    let bytes = text.finish()?;
    let mut draft = Draft::operation(Operation::VIEW);
    draft.arguments([asked.descriptor, asked.view.0.into(), asked.process.into(), asked.third, 0, 0]);
    draft.input(2, Role::WHOLE, &bytes);
    let reply = request::send(draft);
    let shown = from_register(reply.result).map(|_| true);
    if thread.is_ending() { Err(Errno::EINTR) } else { shown }
}

fn generate(asked: &Asked) -> Option<Text> {
    match asked.view {
        View::MEMORY_INFO => return Some(system::memory("")),
        View::NODE_MEMORY => return Some(system::memory("Node 0 ")),
        View::PROCESSOR_TIMES => return Some(system::times()),
        _ => {}
    }
    let process = table::find(asked.process)?;
    let thread = thread_of(&process, asked.third)?;
    Some(match asked.view {
        View::MAPS => maps::text(&Areas::named(&process)),
        View::SMAPS => smaps::text(&Areas::named(&process)),
        View::SMAPS_ROLLUP => smaps::rollup(&Areas::of(&process)),
        View::STATM => numbers::statm(&Areas::of(&process)),
        View::COMMAND_LINE => image::command_line(&process),
        View::ENVIRONMENT => image::environment(&process),
        View::AUXILIARY => image::auxiliary(&process),
        View::STATUS => status::text(&process, &thread),
        View::STAT => stat::text(&process, &thread, asked.third != 0),
        View::LIMITS => limits::text(&process),
        View::MEMORY | View::PAGE_MAP => Text::new(),
        _ => return None,
    })
}

/// The thread that a view is about: 0 is the first, or if that has ended any.
fn thread_of(process: &Process, number: u64) -> Option<Arc<Thread>> {
    let threads = process.all_threads();
    let wanted = if number == 0 { u64::from(process.pid()) } else { number };
    let found = threads.iter().find(|thread| u64::from(thread.tid()) == wanted);
    let other = threads.first().filter(|_| number == 0);
    found.or(other).cloned()
}

/// readlink(2) of `exe` of another process.
fn executable(thread: &Thread, (address, size): (u64, u64), result: u64, asked: &Asked) -> SysResult {
    let Some(process) = table::find(asked.process) else { return Ok(result) };
    let Some(path) = names::executable(&process) else { return Ok(result) };
    let length = path.len().min(usize::try_from(size & 0x7fff_ffff).unwrap_or(0));
    thread.process().space.lock().copy_out(address, &path[..length])?;
    Ok(length as u64)
}
