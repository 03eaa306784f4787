//! Signal numbers and what they do by default.

use core::fmt;

use super::set::SignalSet;

/// The number of a signal, 1 to 64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(u8);

/// What a signal does to a process that has not said otherwise (signal(7), "Signal dispositions").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultAction {
    /// The process ends.
    Terminate,
    /// The process ends and leaves a core dump.
    CoreDump,
    /// Nothing.
    Ignore,
    /// The process stops.
    Stop,
    /// The process goes on if it was stopped.
    Continue,
}

macro_rules! signals {
    ($($name:ident = $number:literal $action:ident $text:literal;)*) => {
        impl Signal {
            $(#[doc = $text] pub const $name: Self = Self($number);)*

            /// What the signal does by default; real-time signals terminate.
            #[must_use]
            pub const fn default_action(self) -> DefaultAction {
                match self {
                    $(Self::$name => DefaultAction::$action,)*
                    _ => DefaultAction::Terminate,
                }
            }

            /// The signal's name as signal(7) writes it, or `None` for a real-time signal.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some(concat!("SIG", stringify!($name))),)*
                    _ => None,
                }
            }
        }
    };
}

signals! {
    HUP = 1 Terminate "The terminal was closed.";
    INT = 2 Terminate "Interrupt from the keyboard.";
    QUIT = 3 CoreDump "Quit from the keyboard.";
    ILL = 4 CoreDump "Illegal instruction.";
    TRAP = 5 CoreDump "Breakpoint or single step.";
    ABRT = 6 CoreDump "abort(3).";
    BUS = 7 CoreDump "Access to memory that is not there.";
    FPE = 8 CoreDump "Arithmetic fault.";
    KILL = 9 Terminate "The end; cannot be blocked, ignored or handled.";
    USR1 = 10 Terminate "The program's own.";
    SEGV = 11 CoreDump "Access to memory that is not allowed.";
    USR2 = 12 Terminate "The program's own.";
    PIPE = 13 Terminate "Write to a pipe that nobody reads.";
    ALRM = 14 Terminate "alarm(2).";
    TERM = 15 Terminate "Request to end.";
    STKFLT = 16 Terminate "Unused.";
    CHLD = 17 Ignore "A child ended, stopped or went on.";
    CONT = 18 Continue "Go on.";
    STOP = 19 Stop "Stop; cannot be blocked, ignored or handled.";
    TSTP = 20 Stop "Stop from the keyboard.";
    TTIN = 21 Stop "A background process reads the terminal.";
    TTOU = 22 Stop "A background process writes to the terminal.";
    URG = 23 Ignore "Urgent data on a socket.";
    XCPU = 24 CoreDump "Limit of processor time exceeded.";
    XFSZ = 25 CoreDump "Limit of file size exceeded.";
    VTALRM = 26 Terminate "Virtual timer.";
    PROF = 27 Terminate "Profiling timer.";
    WINCH = 28 Ignore "The terminal's size changed.";
    IO = 29 Terminate "A descriptor is ready.";
    PWR = 30 Terminate "Power failure.";
    SYS = 31 CoreDump "Bad system call.";
}

impl Signal {
    /// The first real-time signal as the kernel counts them (`SIGRTMIN`).
    pub const FIRST_REAL_TIME: Self = Self(32);
    /// The last signal (`SIGRTMAX`).
    pub const LAST: Self = Self(64);

    /// The signal with this number, or `None` if there is none (EINVAL).
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        match number {
            #[expect(clippy::cast_possible_truncation, reason = "the number is at most 64")]
            1..=64 => Some(Self(number as u8)),
            _ => None,
        }
    }

    /// All signals, from 1 to 64.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=64).map(Self)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Whether it is a real-time signal, of which several can wait.
    #[must_use]
    pub const fn is_real_time(self) -> bool {
        self.0 >= Self::FIRST_REAL_TIME.0
    }

    /// The waiting signals that this one sweeps away when it is sent, whether it is blocked or not: SIGCONT the
    /// stopping ones, those SIGCONT.
    #[must_use]
    pub const fn cancels(self) -> SignalSet {
        match self {
            Self::CONT => SignalSet::STOPPING,
            Self::STOP | Self::TSTP | Self::TTIN | Self::TTOU => SignalSet::of(Self::CONT),
            _ => SignalSet::EMPTY,
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "SIGRT_{}", self.0 - Self::FIRST_REAL_TIME.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn there_are_64_signals() {
        assert_eq!((Signal::new(0), Signal::new(65)), (None, None));
        assert!(Signal::all().eq((1..=64).filter_map(Signal::new)));
    }

    #[test]
    fn default_actions_are_those_of_the_manual() {
        let by_default = |action| Signal::all().filter(move |signal| signal.default_action() == action).count();
        assert_eq!(by_default(DefaultAction::Ignore), 3);
        assert_eq!(by_default(DefaultAction::Stop), 4);
        assert_eq!(by_default(DefaultAction::Continue), 1);
        assert_eq!(by_default(DefaultAction::CoreDump), 10);
        assert_eq!(Signal::LAST.default_action(), DefaultAction::Terminate);
    }

    #[test]
    fn stopping_and_continuing_cancel_each_other() {
        assert!(Signal::CONT.cancels().contains(Signal::STOP));
        assert!(Signal::TTIN.cancels().contains(Signal::CONT));
        assert!(Signal::KILL.cancels().is_empty());
    }

    #[test]
    fn signals_print_by_name() {
        assert_eq!(format!("{:?} {:?}", Signal::SEGV, Signal::new(34).unwrap()), "SIGSEGV SIGRT_2");
    }
}
