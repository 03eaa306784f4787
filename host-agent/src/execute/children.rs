//! What the program does about SIGCHLD decides what Linux does with its children: whether they become zombies, and whether their parent
//! hears of their stops (sigaction(2)). The signal itself stays blocked and is taken by the first thread; whoever waits for a child has its
//! signal first.

use super::call::generic;
use super::frame::Frame;
use super::{Answer, Refusal};
use crate::proxy::{Proxy, hand_on_pending};
use crate::request::Parsed;

/// wait4(2) and waitid(2).
pub(super) fn wait(frame: &mut Frame<'_, '_>) -> Result<i64, Refusal> {
    let result = generic(frame)?;
    let told = if i64::from(frame.call.number) == libc::SYS_wait4 { result > 0 } else { result == 0 };
    if told {
        let proxy = frame.executor.proxy;
        hand_on_pending(proxy, proxy.children.signals());
    }
    Ok(result)
}

/// `CHILD_SIGNAL`.
pub(super) fn execute(proxy: &Proxy, request: &Parsed<'_>) -> Answer {
    let [ignored, flags, ..] = request.arguments;
    proxy.set_child_signal(ignored == 1, flags);
    Answer::default()
}
