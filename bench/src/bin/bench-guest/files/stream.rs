//! Bytes through pipes and sockets.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use anyhow::{Result, anyhow, ensure};
use bench::line::Report;
use rustix::pipe;

use crate::sampler::Sampler;

/// write(2) of `length` bytes into a pipe that holds them, then read(2), by the same thread.
pub(super) fn pipe(sampler: Sampler, length: usize) -> Result<Report> {
    let (output, input) = pipe::pipe()?;
    pipe::fcntl_setpipe_size(&input, length.max(4096))?;
    let written = vec![7_u8; length];
    let mut read = vec![0_u8; length];
    sampler.measure(1, || {
        let sent = rustix::io::write(&input, &written)?;
        let count = rustix::io::read(&output, &mut read)?;
        ensure!((sent, count) == (length, length), "the pipe took {sent} and gave {count} of {length} bytes");
        Ok(u64::from(read[length / 2]))
    })
}

/// write(2) of one byte into a socket, then read(2), by the same thread.
pub(super) fn socket_byte(sampler: Sampler) -> Result<Report> {
    let (mut near, mut far) = UnixStream::pair()?;
    let mut byte = [0];
    sampler.measure(1, || {
        near.write_all(&[7])?;
        far.read_exact(&mut byte)?;
        Ok(u64::from(byte[0]))
    })
}

/// `length` bytes written into a socket, from whose other end a second thread reads as many. No socket holds that much,
/// so the two threads take turns.
pub(super) fn socket_bulk(sampler: Sampler, length: usize) -> Result<Report> {
    let (mut near, mut far) = UnixStream::pair()?;
    let written = vec![7_u8; length];
    let reader = thread::spawn(move || {
        let mut buffer = vec![0; length];
        let mut total = 0;
        loop {
            match far.read(&mut buffer)? {
                0 => return Ok::<_, std::io::Error>(total),
                count => total += count as u64,
            }
        }
    });
    let mut sent = 0;
    let report = sampler.measure(1, || {
        near.write_all(&written)?;
        sent += length as u64;
        Ok(0)
    });
    drop(near);
    let received = reader.join().map_err(|_| anyhow!("the reader panicked"))??;
    ensure!(report.is_err() || received == sent, "{sent} bytes were sent and {received} received");
    report
}
