//! Packets of the protocol: JSON, and descriptors beside it.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of the longest packet.
const PACKET_BYTES: usize = 160 << 10;
/// Descriptors that Linux passes in one packet (SCM_MAX_FD, unix(7)).
pub const MOST_DESCRIPTORS: usize = 253;

/// Sends one message and descriptors beside it, at most [`MOST_DESCRIPTORS`].
///
/// # Errors
/// Those of sendmsg(2); EPIPE when nobody is there any more.
pub fn send(socket: impl AsFd, message: &impl Serialize, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let packet = serde_json::to_vec(message)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let flags = SendFlags::NOSIGNAL;
    rustix::io::retry_on_intr(|| sendmsg(&socket, &[IoSlice::new(&packet)], &mut ancillary, flags))?;
    Ok(())
}

/// Receives one message and the descriptors beside it; `None` when the other side has closed.
///
/// # Errors
/// Those of recvmsg(2), and `InvalidData` for what is no message.
pub fn receive<T: DeserializeOwned>(socket: impl AsFd) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut packet = vec![0; PACKET_BYTES];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = rustix::io::retry_on_intr(|| {
        recvmsg(&socket, &mut [IoSliceMut::new(&mut packet)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)
    });
    let received = match received {
        Err(rustix::io::Errno::CONNRESET) => return Ok(None),
        other => other?,
    };
    let mut descriptors = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(passed) = message {
            descriptors.extend(passed);
        }
    }
    if received.bytes == 0 {
        return Ok(None);
    }
    if received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(Some((serde_json::from_slice(&packet[..received.bytes])?, descriptors)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{FromAgent, ToAgent};
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    fn pair() -> (OwnedFd, OwnedFd) {
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap()
    }

    #[test]
    fn a_message_arrives_with_its_descriptors() {
        let (one, other) = pair();
        let message = ToAgent::WindowDone { error: 12 };
        send(&one, &message, &[one.as_fd(), one.as_fd()]).unwrap();
        let (received, descriptors) = receive::<ToAgent>(&other).unwrap().unwrap();
        assert_eq!((received, descriptors.len()), (message, 2));
    }

    #[test]
    fn a_closed_socket_is_the_end() {
        let (one, other) = pair();
        drop(one);
        assert!(receive::<FromAgent>(&other).unwrap().is_none());
        assert!(send(&other, &FromAgent::Ended { status: 0 }, &[]).is_err());
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        let (one, other) = pair();
        rustix::io::write(&one, b"[]").unwrap();
        assert!(receive::<FromAgent>(&other).is_err());
    }
}
