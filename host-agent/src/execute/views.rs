//! Views: what was opened in /proc and /sys shows the partition.

use rustix::fs::{OFlags, SeekFrom};
use virtio_ikc::message::Operation;
use virtio_ikc::view::View;

use super::call::generic;
use super::frame::Frame;
use super::{Answer, Executor, Refusal};
use crate::int::low;
use crate::memory::set_command_line;
use crate::own_descriptors::borrow;
use crate::request::{Parsed, Violation};
use crate::views::{self, Seen, Shown};

/// Bytes of the longest view.
const LONGEST: u64 = 64 << 20;

/// open(2), openat(2), openat2(2).
pub(super) fn open(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    let result = generic(frame)?;
    let Some(file) = u64::try_from(result).ok().and_then(borrow) else { return Ok(result) };
    let proxy = frame.executor.proxy;
    let Some(seen) = views::opened(file, &proxy.wires.cpus) else { return Ok(result) };
    let flags = rustix::fs::fcntl_getfl(file)?;
    if flags.intersects(OFlags::PATH | OFlags::DIRECTORY) {
        return Ok(result);
    }
    match seen {
        // Without memory for it, the program sees the machine.
        Seen::Text(text) => drop(views::show(file, "view", text.as_bytes())),
        Seen::ThreadName if flags.intersects(OFlags::WRONLY | OFlags::RDWR) => {
            proxy.name.make_volatile();
            proxy.stand_ins.tell_apart(proxy.process);
        }
        Seen::ThreadName => {}
        Seen::Asked(view, process, thread) => {
            frame.values = [view.0.into(), process.into(), thread.into(), result.cast_unsigned()];
        }
    }
    Ok(result)
}

/// `VIEW`.
pub(super) fn show(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let [descriptor, view, process, thread, ..] = request.arguments;
    let view = View(low(view));
    let file = borrow(descriptor).ok_or(Refusal::Errno(libc::EBADF))?;
    let proxy = executor.proxy;
    let _brief = proxy.briefly();
    if matches!(view, View::MEMORY | View::PAGE_MAP) {
        views::placeholder(file, "mem")?;
    } else {
        let [buffer] = request.buffers() else { return Err(Violation::Malformed(Operation::VIEW.0).into()) };
        let length = usize::try_from(buffer.length).ok().filter(|_| buffer.length <= LONGEST);
        let mut own = vec![0; length.ok_or(Refusal::Errno(libc::ENOMEM))?];
        executor.copy_in(request, buffer, &mut own)?;
        views::show(file, "view", &views::merge(view, &own, &views::source(view, low(process), low(thread))))?;
    }
    proxy.views.add(file, view, low(process), low(thread));
    Ok(Answer::default())
}

/// `COMMAND_LINE`.
pub(super) fn command_line(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let [buffer] = request.buffers() else { return Err(Violation::Malformed(Operation::COMMAND_LINE.0).into()) };
    let length = usize::try_from(buffer.length).ok().filter(|_| buffer.length <= LONGEST);
    let mut arguments = vec![0; length.ok_or(Refusal::Errno(libc::ENOMEM))?];
    executor.copy_in(request, buffer, &mut arguments)?;
    set_command_line(arguments)?;
    Ok(Answer::default())
}

/// Whether the LWK may have to do something before bytes can be moved.
pub(super) fn are_shown(frame: &Frame<'_, '_>) -> bool {
    borrow(frame.request.arguments[0]).is_some_and(|file| frame.executor.proxy.views.get(file).is_some())
}

/// Whether the LWK must do something before bytes can be moved, or move them itself: `frame.values` say what.
pub(super) fn is_for_the_lwk(frame: &mut Frame<'_, '_>) -> bool {
    let Some(file) = borrow(frame.request.arguments[0]) else { return false };
    let proxy = frame.executor.proxy;
    let Some(shown) = proxy.views.get(file) else { return false };
    let Shown { view, process, thread, .. } = shown;
    let at = match i64::from(frame.call.number) {
        libc::SYS_pread64 | libc::SYS_pwrite64 => Some(frame.request.arguments[3]),
        _ => rustix::fs::seek(file, SeekFrom::Current(0)).ok(),
    };
    let Some(at) = at else { return false };
    let moved = matches!(view, View::MEMORY | View::PAGE_MAP);
    if !moved && (at > 0 || proxy.views.begin(file)) {
        return false;
    }
    let third = if moved { at } else { thread.into() };
    frame.values = [view.0.into(), process.into(), third, frame.request.arguments[0]];
    true
}
