//! What a process wants done about each signal.

use bitflags::bitflags;

use super::number::{DefaultAction, Signal};
use super::set::SignalSet;

bitflags! {
    /// `sa_flags` (sigaction(2)).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct ActionFlags: u64 {
        /// No SIGCHLD for children that stop or go on.
        const NO_CHILD_STOP = 1;
        /// Children do not become zombies.
        const NO_CHILD_WAIT = 2;
        /// The handler takes a `siginfo_t` and a context.
        const SIGINFO = 4;
        /// The handler wants the bits of a tag in fault addresses.
        const EXPOSE_TAGBITS = 0x800;
        /// `restorer` counts.
        const RESTORER = 0x0400_0000;
        /// The handler runs on the alternate stack (sigaltstack(2)).
        const ON_STACK = 0x0800_0000;
        /// Interrupted calls start again.
        const RESTART = 0x1000_0000;
        /// The signal is not blocked while its handler runs.
        const NO_DEFER = 0x4000_0000;
        /// The action becomes the default when the handler is called.
        const RESET_HANDLER = 0x8000_0000;
    }
}

/// Who gets a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Handler {
    /// Nobody: what the signal does by default (`SIG_DFL`).
    #[default]
    Default,
    /// Nobody, and nothing happens (`SIG_IGN`).
    Ignore,
    /// The function at this address.
    Address(u64),
}

/// What is to be done about one signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SignalAction {
    /// Who gets it.
    pub handler: Handler,
    /// How.
    pub flags: ActionFlags,
    /// Where the handler returns to (`sa_restorer`).
    pub restorer: u64,
    /// What is blocked while the handler runs, besides the signal itself.
    pub mask: SignalSet,
}

impl SignalAction {
    /// Bytes of the kernel's `struct sigaction`.
    pub const BYTES: usize = 32;

    /// Reads the kernel's `struct sigaction`, as `rt_sigaction(2)` takes it. Flags that do not exist are dropped and
    /// signals that cannot be blocked are taken out of the mask, as Linux does both.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let word = |at: usize| u64::from_le_bytes(core::array::from_fn(|i| bytes[at + i]));
        Self {
            handler: match word(0) {
                0 => Handler::Default,
                1 => Handler::Ignore,
                address => Handler::Address(address),
            },
            flags: ActionFlags::from_bits_truncate(word(8)),
            restorer: word(16),
            mask: SignalSet(word(24)).as_mask(),
        }
    }

    /// The kernel's `struct sigaction`.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let handler = match self.handler {
            Handler::Default => 0,
            Handler::Ignore => 1,
            Handler::Address(address) => address,
        };
        let mut bytes = [0; Self::BYTES];
        for (place, word) in bytes.chunks_exact_mut(8).zip([handler, self.flags.bits(), self.restorer, self.mask.0]) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// What is blocked while the handler of `signal` runs, when `blocked` was before.
    #[must_use]
    pub fn mask_in_handler(&self, signal: Signal, blocked: SignalSet) -> SignalSet {
        let own = if self.flags.contains(ActionFlags::NO_DEFER) { SignalSet::EMPTY } else { SignalSet::of(signal) };
        (blocked | self.mask | own).as_mask()
    }
}

/// What a process wants done about all signals.
#[derive(Clone, Debug)]
pub struct SignalActions([SignalAction; 64]);

impl SignalActions {
    /// Everything by default.
    #[must_use]
    pub fn new() -> Self {
        Self([SignalAction::default(); 64])
    }

    /// What is to be done about `signal`.
    #[must_use]
    pub fn get(&self, signal: Signal) -> &SignalAction {
        &self.0[usize::from(signal.number() - 1)]
    }

    /// Changes what is to be done about `signal` and returns what was. `None`, and no change, for those whose action
    /// cannot be changed (EINVAL).
    ///
    /// If [`Self::is_ignored`] says so afterwards, waiting signals of this number are to be dropped.
    pub fn set(&mut self, signal: Signal, action: SignalAction) -> Option<SignalAction> {
        if SignalSet::UNSTOPPABLE.contains(signal) {
            return None;
        }
        Some(core::mem::replace(&mut self.0[usize::from(signal.number() - 1)], action))
    }

    /// Whether nothing happens when `signal` is delivered, so that it need not be sent unless it is blocked.
    #[must_use]
    pub fn is_ignored(&self, signal: Signal) -> bool {
        match self.get(signal).handler {
            Handler::Ignore => true,
            Handler::Default => signal.default_action() == DefaultAction::Ignore,
            Handler::Address(_) => false,
        }
    }

    /// What is left after execve(2): handlers are gone, what was ignored stays ignored.
    pub fn reset_for_exec(&mut self) {
        for action in &mut self.0 {
            let handler = if action.handler == Handler::Ignore { Handler::Ignore } else { Handler::Default };
            *action = SignalAction { handler, ..SignalAction::default() };
        }
    }
}

impl Default for SignalActions {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDLED: SignalAction = SignalAction {
        handler: Handler::Address(0x1000),
        flags: ActionFlags::SIGINFO,
        restorer: 5,
        mask: SignalSet::of(Signal::INT),
    };

    #[test]
    fn the_kernels_structure_is_read_and_written() {
        assert_eq!(SignalAction::from_bytes(&HANDLED.to_bytes()), HANDLED);
        let all = SignalAction::from_bytes(&[0xff; 32]);
        assert_eq!((all.flags, all.mask), (ActionFlags::all(), SignalSet::ALL.as_mask()));
        assert_eq!(SignalAction::from_bytes(&[0; 32]), SignalAction::default());
    }

    #[test]
    fn kill_and_stop_cannot_be_changed() {
        let mut actions = SignalActions::new();
        assert_eq!(actions.set(Signal::KILL, HANDLED), None);
        assert_eq!(actions.set(Signal::TERM, HANDLED), Some(SignalAction::default()));
        assert_eq!(*actions.get(Signal::TERM), HANDLED);
    }

    #[test]
    fn ignored_is_what_does_nothing() {
        let mut actions = SignalActions::new();
        assert!(actions.is_ignored(Signal::CHLD) && !actions.is_ignored(Signal::CONT));
        actions.set(Signal::CHLD, HANDLED);
        actions.set(Signal::TERM, SignalAction { handler: Handler::Ignore, ..HANDLED });
        assert!(!actions.is_ignored(Signal::CHLD) && actions.is_ignored(Signal::TERM));
    }

    #[test]
    fn exec_keeps_only_what_is_ignored() {
        let mut actions = SignalActions::new();
        actions.set(Signal::INT, HANDLED);
        actions.set(Signal::HUP, SignalAction { handler: Handler::Ignore, ..HANDLED });
        actions.reset_for_exec();
        assert_eq!(*actions.get(Signal::INT), SignalAction::default());
        assert_eq!(*actions.get(Signal::HUP), SignalAction { handler: Handler::Ignore, ..SignalAction::default() });
    }

    #[test]
    fn a_handler_blocks_its_own_signal_unless_it_says_otherwise() {
        let blocked = SignalSet::of(Signal::HUP);
        let mask = HANDLED.mask_in_handler(Signal::TERM, blocked);
        assert_eq!(mask, blocked.with(Signal::INT).with(Signal::TERM));
        let open = SignalAction { flags: ActionFlags::NO_DEFER, ..HANDLED };
        assert!(!open.mask_in_handler(Signal::TERM, blocked).contains(Signal::TERM));
    }
}
