//! The window of shared mappings: the VMM maps a file's pages into the guest, and the proxy maps the same pages at the
//! same offset, so that memory there can be handed to Linux like any other.

use std::os::fd::AsFd;

use virtio_ikc::address::PAGE_SIZE;
use virtio_ikc::layout::WINDOW_BYTES;
use virtio_ikc::message::Operation;

use super::{Answer, Executor, Refusal};
use crate::protocol::FromAgent;
use crate::request::{Parsed, Violation};

/// `WINDOW_MAP`.
pub(super) fn map(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let [handle, offset, length, window, writable, _] = request.arguments;
    let (start, bytes) = checked(window, length, Operation::WINDOW_MAP)?;
    let offset_is_whole = offset.is_multiple_of(PAGE_SIZE) && offset.checked_add(length).is_some();
    if !offset_is_whole || writable > 1 {
        return Err(Violation::Malformed(Operation::WINDOW_MAP.0).into());
    }
    let proxy = executor.proxy;
    let file = proxy.files.get(handle, Operation::WINDOW_MAP)?;
    let writable = writable == 1;
    proxy.memory.window().overlay(start, bytes, file.as_fd(), offset, writable)?;
    let message = FromAgent::WindowMap { window, length, offset, writable };
    if let Err(refusal) = proxy.ask(message, Some(file.as_fd())) {
        // The guest does not see it, so we must not either.
        proxy.memory.window().uncover(start, bytes)?;
        return Err(refusal);
    }
    Ok(Answer::default())
}

/// `WINDOW_UNMAP`.
pub(super) fn unmap(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let [window, length, ..] = request.arguments;
    let (start, bytes) = checked(window, length, Operation::WINDOW_UNMAP)?;
    executor.proxy.ask(FromAgent::WindowUnmap { window, length }, None)?;
    executor.proxy.memory.window().uncover(start, bytes)?;
    Ok(Answer::default())
}

/// `WINDOW_SYNC`.
pub(super) fn sync(executor: &mut Executor, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let [window, length, flags, ..] = request.arguments;
    checked(window, length, Operation::WINDOW_SYNC)?;
    let malformed = Violation::Malformed(Operation::WINDOW_SYNC.0);
    let run = executor.proxy.memory.in_window(window, length).ok_or(malformed)?;
    Ok(executor.turn.synchronise(run, flags).into())
}

/// An offset and a length in whole pages inside the window.
fn checked(window: u64, length: u64, operation: Operation) -> Result<(usize, usize), Violation> {
    let malformed = Violation::Malformed(operation.0);
    let whole = window.is_multiple_of(PAGE_SIZE) && length.is_multiple_of(PAGE_SIZE) && length > 0;
    let inside = window.checked_add(length).is_some_and(|end| end <= WINDOW_BYTES);
    if !whole || !inside {
        return Err(malformed);
    }
    Ok((usize::try_from(window).map_err(|_| malformed)?, usize::try_from(length).map_err(|_| malformed)?))
}
