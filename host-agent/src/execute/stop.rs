//! Job control: the program stops by stopping its proxy, by the same signal, so that whoever waits for it sees which one it was and
//! Linux judges whether the terminal may stop it at all (orphaned process groups, setpgid(2)).

use virtio_ikc::message::Operation;

use super::Answer;
use crate::arch::{SignalSet, stop_by};
use crate::proxy::{Proxy, hand_on_pending};
use crate::request::{Parsed, Violation};

/// `STOP`. Answered when somebody has continued the proxy, or at once if it may not be stopped. That it is answered shows that the proxy
/// runs, and that the LWK has been told of what was sent to the process meanwhile, which is all that is wanted of one without a signal.
pub(super) fn execute(proxy: &Proxy, request: &Parsed<'_>) -> Result<Answer, Violation> {
    if request.arguments[0] != 0 {
        let stops = [libc::SIGSTOP, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU].map(libc::c_int::cast_unsigned);
        let signal = stops.into_iter().find(|stop| u64::from(*stop) == request.arguments[0]);
        stop_by(signal.ok_or(Violation::Malformed(Operation::STOP.0))?);
    }
    // On Linux no instruction of the program is executed before it has them.
    let handed_on = SignalSet::ALL.without(SignalSet::TERMINAL).without(SignalSet::INTERRUPT);
    hand_on_pending(proxy, handed_on.without(proxy.left.set()));
    Ok(Answer::default())
}
