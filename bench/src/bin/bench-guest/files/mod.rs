//! Calls that name or move data, on what is in memory: no disk is involved, only the way to the file system, pipe or
//! socket, and the copy.

mod crowd;
mod names;
mod pread;
mod pwrite;
mod stream;

use anyhow::Result;
use bench::catalogue::FileCall;
use bench::line::Report;
use bench::places::{DATA, MANY, WRITTEN};

use crate::arguments::Arguments;
use crate::sampler::Sampler;

const MEBIBYTE: usize = 1 << 20;

/// Measures this call.
pub(crate) fn measure(call: FileCall, sampler: Sampler, arguments: &Arguments) -> Result<Report> {
    let Arguments { disk, tmpfs, .. } = arguments;
    match call {
        FileCall::PreadByte => pread::hot(sampler, &disk.join(DATA), 1),
        FileCall::PreadPage => pread::hot(sampler, &disk.join(DATA), 4096),
        FileCall::PreadCrowd => crowd::pread(sampler, &disk.join(DATA)),
        FileCall::Stat => names::stat(sampler, &disk.join(DATA)),
        FileCall::OpenClose => names::open_close(sampler, &disk.join(DATA)),
        FileCall::GetDents => names::getdents(sampler, &disk.join(MANY)),
        FileCall::PipeByte => stream::pipe(sampler, 1),
        FileCall::SocketByte => stream::socket_byte(sampler),
        FileCall::ReadMebibyte => pread::bulk(sampler, &disk.join(DATA), MEBIBYTE),
        FileCall::WriteMebibyte => pwrite::bulk(sampler, &disk.join(WRITTEN), MEBIBYTE),
        FileCall::ReadTmpfs => pread::bulk(sampler, &tmpfs.join(DATA), MEBIBYTE),
        FileCall::WriteTmpfs => pwrite::bulk(sampler, &tmpfs.join(WRITTEN), MEBIBYTE),
        FileCall::PipeMebibyte => stream::pipe(sampler, MEBIBYTE),
        FileCall::SocketMebibyte => stream::socket_bulk(sampler, MEBIBYTE),
    }
}
