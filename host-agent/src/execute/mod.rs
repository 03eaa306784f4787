//! What the requests ask Linux for. One file for each kind of call whose memory is more than "these bytes"; each has its
//! counterpart of the same name in the LWK's `syscall/offload`.

mod bulk;
mod call;
mod copy;
mod credentials;
mod descriptors;
mod executable;
mod exit;
mod file;
mod frame;
mod interrupt;
mod locks;
mod messages;
mod options;
mod paths;
mod poll;
mod refusal;
mod select;
mod signals;
mod stop;
mod trace;
mod vectors;
mod window;

use virtio_ikc::message::Operation;

use crate::memory::Scratch;
use crate::proxy::{Proxy, Turn};
use crate::request::{Kind, Parsed, Violation};

pub(crate) use credentials::Credentials;
pub(crate) use executable::set_process_name;
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
}

impl Executor {
    /// Executes a request. Does not return if the process ends.
    ///
    /// # Errors
    /// A [`Violation`] that only the execution could find.
    pub(crate) fn execute(&mut self, request: &Parsed<'_>) -> Result<Answer, Violation> {
        self.scratch.reset();
        self.follow_credentials();
        let answer = match request.kind {
            Kind::Call(row) => call::execute(self, row, request),
            Kind::Operation(operation) => self.operation(operation, request),
        };
        match answer {
            Ok(answer) => Ok(answer),
            Err(Refusal::Errno(errno)) => Ok(Answer::from(-i64::from(errno))),
            Err(Refusal::Violation(violation)) => Err(violation),
        }
    }

    fn operation(&mut self, operation: Operation, request: &Parsed<'_>) -> Result<Answer, Refusal> {
        match operation {
            Operation::INTERRUPT => Ok(interrupt::execute(self, request)?),
            Operation::EXIT => Ok(exit::execute(request)?),
            Operation::FILE_REFERENCE => file::reference(self, request),
            Operation::OPEN_EXECUTABLE => executable::open(self, request),
            Operation::FILE_READ => file::read(self, request),
            Operation::FILE_RELEASE => file::release(self, request),
            Operation::WINDOW_MAP => window::map(self, request),
            Operation::WINDOW_UNMAP => window::unmap(self, request),
            Operation::WINDOW_SYNC => window::sync(self, request),
            Operation::STOP => Ok(stop::execute()),
            Operation::TRACE => trace::execute(self, request),
            Operation::NAME => executable::rename(self, request),
            Operation(unknown) => Err(Violation::Operation(unknown).into()),
        }
    }
}
