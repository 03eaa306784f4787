//! System calls: the general way, and who leaves it.

use virtio_ikc::table::Call;

use super::frame::Frame;
use super::{
    Answer, Executor, Refusal, bulk, children, credentials, descriptors, messages, notices, options, paths, poll,
    select, signals, vectors, views,
};
use crate::request::Parsed;
use crate::views::forget_directory;

/// Executes the call of a checked request.
pub(super) fn execute(executor: &mut Executor, call: &'static Call, request: &Parsed<'_>) -> Result<Answer, Refusal> {
    let mut frame = Frame::new(executor, call, request);
    let result = by_number(&mut frame)?;
    Ok(Answer { result, signal: signals::raised_by(call, request, result), values: frame.values })
}

fn by_number(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    match i64::from(frame.call.number) {
        libc::SYS_read | libc::SYS_write | libc::SYS_pread64 | libc::SYS_pwrite64 => bulk::file(frame),
        libc::SYS_sendto | libc::SYS_recvfrom => bulk::socket(frame),
        libc::SYS_readv
        | libc::SYS_writev
        | libc::SYS_preadv
        | libc::SYS_pwritev
        | libc::SYS_preadv2
        | libc::SYS_pwritev2
        | libc::SYS_vmsplice => vectors::execute(frame),
        libc::SYS_sendmsg | libc::SYS_recvmsg => messages::execute(frame),
        libc::SYS_poll | libc::SYS_ppoll => poll::execute(frame),
        libc::SYS_select | libc::SYS_pselect6 => select::execute(frame),
        libc::SYS_open | libc::SYS_openat | libc::SYS_openat2 => views::open(frame),
        libc::SYS_chdir | libc::SYS_fchdir | libc::SYS_chroot => {
            forget_directory();
            let result = generic(frame);
            forget_directory();
            result
        }
        libc::SYS_wait4 | libc::SYS_waitid => children::wait(frame),
        libc::SYS_kill | libc::SYS_pidfd_send_signal => signals::send(frame),
        libc::SYS_close_range => Ok(descriptors::close_range(frame)),
        libc::SYS_getdents64 => descriptors::list(frame),
        libc::SYS_ioctl | libc::SYS_fcntl => descriptors::control(frame),
        libc::SYS_readlink | libc::SYS_readlinkat => paths::read_link(frame),
        libc::SYS_setsockopt | libc::SYS_getsockopt => options::socket(frame),
        libc::SYS_mq_notify => notices::execute(frame),
        libc::SYS_prctl => options::process(frame),
        number if credentials::changes(number) => credentials::change(frame),
        number if credentials::names_the_caller(number) => credentials::of_the_caller(frame),
        _ => generic(frame),
    }
}

/// The general way: every argument as its row describes it.
pub(super) fn generic(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    frame.place_all()?;
    frame.run()
}
