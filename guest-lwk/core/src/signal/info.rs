//! What a handler is told about its signal: `siginfo_t` (sigaction(2)).

use super::number::Signal;

/// Bytes of the kernel's `siginfo_t`.
pub const SIGINFO_BYTES: usize = 128;

/// Where the fields begin that depend on the signal.
const FIELDS_AT: usize = 16;
/// Bytes of them that are ever used; the rest of a `siginfo_t` is zero.
const FIELDS_BYTES: usize = virtio_ikc::message::SIGINFO_BYTES - FIELDS_AT;
/// Where a timer's signal has `si_sys_private`, which is the kernel's own.
const STAMP_AT: usize = 16;

/// `si_code`: who sent the signal, and why.
pub mod code {
    /// kill(2).
    pub const SI_USER: i32 = 0;
    /// The kernel.
    pub const SI_KERNEL: i32 = 0x80;
    /// sigqueue(3).
    pub const SI_QUEUE: i32 = -1;
    /// A POSIX timer.
    pub const SI_TIMER: i32 = -2;
    /// tkill(2), tgkill(2).
    pub const SI_TKILL: i32 = -6;
    /// SIGSEGV: nothing is mapped there.
    pub const SEGV_MAPERR: i32 = 1;
    /// SIGSEGV: the protection does not allow it.
    pub const SEGV_ACCERR: i32 = 2;
    /// SIGBUS: alignment.
    pub const BUS_ADRALN: i32 = 1;
    /// SIGBUS: past the end of the file.
    pub const BUS_ADRERR: i32 = 2;
    /// SIGILL: illegal operand.
    pub const ILL_ILLOPN: i32 = 2;
    /// SIGFPE: integer division by zero.
    pub const FPE_INTDIV: i32 = 1;
    /// SIGTRAP: single step.
    pub const TRAP_TRACE: i32 = 2;
    /// SIGCHLD: exited.
    pub const CLD_EXITED: i32 = 1;
    /// SIGCHLD: ended by a signal.
    pub const CLD_KILLED: i32 = 2;
    /// SIGCHLD: ended by a signal, with a core dump.
    pub const CLD_DUMPED: i32 = 3;
    /// SIGCHLD: stopped.
    pub const CLD_STOPPED: i32 = 5;
    /// SIGCHLD: goes on.
    pub const CLD_CONTINUED: i32 = 6;
}

/// A signal with all that is known about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalInfo {
    /// Which signal (`si_signo`).
    pub signal: Signal,
    /// An error number (`si_errno`), nearly always 0.
    pub errno: i32,
    /// Who sent it, and why (`si_code`).
    pub code: i32,
    /// What depends on the signal, as it is laid out from byte 16 of a `siginfo_t` on.
    fields: [u8; FIELDS_BYTES],
}

impl SignalInfo {
    /// A signal of which nothing further is known: `code` is one of [`code`].
    #[must_use]
    pub const fn new(signal: Signal, code: i32) -> Self {
        Self { signal, errno: 0, code, fields: [0; FIELDS_BYTES] }
    }

    /// A signal that the process `sender` with the real user id `user` has sent.
    #[must_use]
    pub fn sent(signal: Signal, code: i32, sender: u32, user: u32) -> Self {
        Self::new(signal, code).field(0, sender.to_le_bytes()).field(4, user.to_le_bytes())
    }

    /// A signal with a value (`si_value`), as sigqueue(3) sends it.
    #[must_use]
    pub fn queued(signal: Signal, code: i32, sender: u32, user: u32, value: u64) -> Self {
        Self::sent(signal, code, sender, user).field(8, value.to_le_bytes())
    }

    /// A signal of POSIX timer `timer`, with the timer's value. `stamp`, which no program sees, tells its settings apart.
    #[must_use]
    pub fn timer(signal: Signal, timer: u32, value: u64, stamp: u32) -> Self {
        let info = Self::new(signal, code::SI_TIMER).field(0, timer.to_le_bytes());
        info.field(8, value.to_le_bytes()).field(STAMP_AT, stamp.to_le_bytes())
    }

    /// The timer and the stamp of a signal that [`Self::timer`] has made.
    #[must_use]
    pub fn timer_and_stamp(&self) -> Option<(u32, u32)> {
        let number = |at: usize| u32::from_le_bytes(core::array::from_fn(|i| self.fields[at + i]));
        (self.code == code::SI_TIMER && number(STAMP_AT) != 0).then(|| (number(0), number(STAMP_AT)))
    }

    /// The same with the number of missed expirations (`si_overrun`), as the program gets it.
    #[must_use]
    pub fn with_overrun(self, overrun: i32) -> Self {
        self.field(4, overrun.to_le_bytes()).field(STAMP_AT, [0; 4])
    }

    /// A signal that the access to, or the instruction at, `address` has caused (`si_addr`).
    #[must_use]
    pub fn fault(signal: Signal, code: i32, address: u64) -> Self {
        Self::new(signal, code).field(0, address.to_le_bytes())
    }

    /// SIGCHLD about `child`: `status` is its exit code or the signal that ended or stopped it, the times are
    /// in clock ticks.
    #[must_use]
    pub fn child(code: i32, child: u32, user: u32, status: i32, user_time: u64, system_time: u64) -> Self {
        Self::sent(Signal::CHLD, code, child, user)
            .field(8, status.to_le_bytes())
            .field(16, user_time.to_le_bytes())
            .field(24, system_time.to_le_bytes())
    }

    /// Reads the beginning of a `siginfo_t`; bytes that are missing are zeros. `None` if its signal does not exist.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
        let number = |at: usize| i32::from_le_bytes(core::array::from_fn(|i| byte(at + i)));
        let info = Self {
            signal: Signal::new(u32::try_from(number(0)).ok()?)?,
            errno: number(4),
            code: number(8),
            fields: core::array::from_fn(|i| byte(FIELDS_AT + i)),
        };
        // Whoever writes a timer's signal is not the kernel.
        Some(if info.code == code::SI_TIMER { info.field(STAMP_AT, [0; 4]) } else { info })
    }

    /// The whole `siginfo_t`.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; SIGINFO_BYTES] {
        let mut bytes = [0; SIGINFO_BYTES];
        bytes[..4].copy_from_slice(&i32::from(self.signal.number()).to_le_bytes());
        bytes[4..8].copy_from_slice(&self.errno.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.code.to_le_bytes());
        bytes[FIELDS_AT..FIELDS_AT + FIELDS_BYTES].copy_from_slice(&self.fields);
        bytes
    }

    /// Whether an instruction of the thread itself has caused it, so that nothing may come before it.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        self.code > code::SI_USER && super::SignalSet::SYNCHRONOUS.contains(self.signal)
    }

    fn field<const N: usize>(mut self, at: usize, bytes: [u8; N]) -> Self {
        self.fields[at..at + N].copy_from_slice(&bytes);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_where_siginfo_t_has_them() {
        let bytes = SignalInfo::queued(Signal::USR1, code::SI_QUEUE, 7, 8, 9).to_bytes();
        assert_eq!((bytes[0], &bytes[8..12], bytes[16], bytes[20], bytes[24]), (10, &[0xff; 4][..], 7, 8, 9));
        let bytes = SignalInfo::fault(Signal::SEGV, code::SEGV_ACCERR, 0x1234).to_bytes();
        assert_eq!((bytes[8], &bytes[16..18]), (2, &[0x34, 0x12][..]));
        let bytes = SignalInfo::child(code::CLD_EXITED, 1, 2, 3, 4, 5).to_bytes();
        assert_eq!((bytes[16], bytes[20], bytes[24], bytes[32], bytes[40]), (1, 2, 3, 4, 5));
    }

    #[test]
    fn a_timer_s_stamp_stays_with_the_kernel() {
        let info = SignalInfo::timer(Signal::ALRM, 7, 9, 5);
        assert_eq!(info.timer_and_stamp(), Some((7, 5)));
        let bytes = info.with_overrun(3).to_bytes();
        assert_eq!((bytes[16], bytes[20], bytes[24], bytes[32]), (7, 3, 9, 0));
        assert_eq!(info.with_overrun(3).timer_and_stamp(), None);
    }

    #[test]
    fn bytes_make_the_same_signal_again() {
        let info = SignalInfo::child(code::CLD_KILLED, 1, 2, 9, 4, 5);
        assert_eq!(SignalInfo::from_bytes(&info.to_bytes()), Some(info));
        assert_eq!(SignalInfo::from_bytes(&[]), None);
        assert_eq!(SignalInfo::from_bytes(&[0xff; 4]), None);
        assert_eq!(SignalInfo::from_bytes(&[9]), Some(SignalInfo::new(Signal::KILL, code::SI_USER)));
    }

    #[test]
    fn only_the_kernel_makes_faults() {
        assert!(SignalInfo::fault(Signal::SEGV, code::SEGV_MAPERR, 0).is_fault());
        assert!(!SignalInfo::sent(Signal::SEGV, code::SI_USER, 1, 1).is_fault());
        assert!(!SignalInfo::new(Signal::TERM, code::SI_KERNEL).is_fault());
    }
}
