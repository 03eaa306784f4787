//! What the requests ask Linux for. One file for each kind of call whose memory is more than "these bytes"; each has its
//! counterpart of the same name in the LWK's `syscall/offload`.

mod attempt;
mod bulk;
mod call;
mod children;
mod copy;
mod credentials;
mod descriptors;
mod executable;
mod exit;
mod file;
mod fork;
mod frame;
mod interrupt;
mod left;
mod locks;
mod messages;
mod notices;
mod options;
mod paths;
mod poll;
mod refusal;
mod select;
mod signals;
mod sockets;
mod stop;
mod terminal;
mod threads;
mod trace;
mod vectors;
mod views;
mod window;
mod writers;

use virtio_ikc::message::Operation;

use crate::memory::Scratch;
use crate::own_descriptors::OwnFile;
use crate::proxy::{Child, Proxy, Turn};
use crate::request::{Kind, Parsed, Violation};

pub(crate) use attempt::{Attempted, Unwilling};
pub(crate) use credentials::Credentials;
pub(crate) use executable::{Program, set_process_name};
pub(crate) use file::Files;
pub(crate) use refusal::Refusal;

/// What is written into the reply.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answer {
    /// A value or a negated errno.
    pub(crate) result: i64,
    /// A signal that the call raised, or 0.
    pub(crate) signal: u32,
    /// Further results.
    pub(crate) values: [u64; 4],
}

impl From<i64> for Answer {
    fn from(result: i64) -> Self {
        Self { result, ..Self::default() }
    }
}

/// What is to be done when the reply is out.
#[derive(Debug)]
pub(crate) enum Afterwards {
    /// The LWK knows of a new process.
    Introduce(Child),
    /// Threads are to be made ready for the program's next.
    Refill,
}

/// What executes requests: one for each worker.
#[derive(Debug)]
pub(crate) struct Executor {
    /// The process this is a thread of.
    pub(crate) proxy: &'static Proxy,
    /// Memory for what cannot be used where it lies.
    pub(crate) scratch: Scratch,
    /// The worker's place among those who may be interrupted.
    pub(crate) turn: &'static Turn,
    /// How many changes of credentials this thread has made its own.
    pub(crate) credentials: usize,
    /// What a path of the request leads through.
    pub(crate) way: Option<OwnFile>,
    /// The terminal's signals that it has closed for its last caller.
    pub(crate) closed_signals: u32,
    /// The files for which it is in vain to try without waiting.
    pub(crate) unwilling: Unwilling,
    /// What the last request left to be done.
    pub(crate) afterwards: Option<Afterwards>,
}

impl Executor {
    /// Executes a request. Does not return if the process ends.
    ///
    /// # Errors
    /// A [`Violation`] that only the execution could find.
    pub(crate) fn execute(&mut self, request: &Parsed<'_>) -> Result<Answer, Violation> {
        self.prepare(request);
        let answer = match request.kind {
            Kind::Call(row) => call::execute(self, row, request),
            Kind::Operation(operation) => self.operation(operation, request),
        };
        self.way = None;
        match answer {
            Ok(answer) => Ok(answer),
            Err(Refusal::Errno(errno)) => Ok(Answer::from(-i64::from(errno))),
            Err(Refusal::Violation(violation)) => Err(violation),
        }
    }

    /// Gets ready for a request.
    fn prepare(&mut self, request: &Parsed<'_>) {
        self.scratch.reset();
        self.follow_credentials();
        self.follow_terminal_signals(request.closed_signals);
    }

    fn operation(&mut self, operation: Operation, request: &Parsed<'_>) -> Result<Answer, Refusal> {
        match operation {
            Operation::INTERRUPT => Ok(interrupt::execute(self, request)),
            Operation::EXIT => Ok(exit::execute(self, request)?),
            Operation::FILE_REFERENCE => file::reference(self, request),
            Operation::OPEN_EXECUTABLE => executable::open(self, request),
            Operation::FILE_READ => file::read(self, request),
            Operation::FILE_RELEASE => file::release(self, request),
            Operation::WINDOW_MAP => window::map(self, request),
            Operation::WINDOW_UNMAP => window::unmap(self, request),
            Operation::WINDOW_SYNC => window::sync(self, request),
            Operation::STOP => Ok(stop::execute(self.proxy, request)?),
            Operation::TRACE => trace::execute(self, request),
            Operation::NAME => executable::rename(self, request),
            Operation::FORK => fork::execute(self, request),
            Operation::THREAD_START => threads::start(self),
            Operation::THREAD_END => Ok(threads::end(self, request)?),
            Operation::THREAD_NAME => threads::rename(self, request),
            Operation::FILE_NAME => file::name(self, request),
            Operation::VIEW => views::show(self, request),
            Operation::COMMAND_LINE => views::command_line(self, request),
            Operation::CHILD_SIGNAL => Ok(children::execute(self.proxy, request)),
            Operation::LEAVE_SIGNALS => Ok(left::leave(self, request)),
            Operation::RETURN_SIGNAL => left::give_back(self, request),
            Operation(unknown) => Err(Violation::Operation(unknown).into()),
        }
    }
}
