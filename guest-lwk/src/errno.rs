//! Error numbers, as a program sees them (errno(3)).

use linux_raw_sys::errno as raw;

/// A Linux error number, 1 to 4095.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Errno(pub u16);

macro_rules! errors {
    ($($name:ident)*) => {
        #[allow(missing_docs)]
        impl Errno {
            $(
                #[expect(clippy::cast_possible_truncation, reason = "error numbers end at 4095")]
                pub const $name: Self = Self(raw::$name as u16);
            )*
        }
    };
}

errors! {
    E2BIG EACCES EAGAIN EBUSY EDEADLK EEXIST EFAULT EIDRM EINTR EINVAL EIO ELOOP EMSGSIZE ENAMETOOLONG ENODEV ENOENT ENOEXEC ENOSPC
    ENOMEM ENOSYS EOPNOTSUPP EOVERFLOW EPERM ESRCH ETIMEDOUT
}

impl Errno {
    /// What went wrong, in words; for the errors that a program that cannot be run has.
    pub fn text(self) -> &'static str {
        virtio_ikc::table::names::errno_text(i64::from(self.0)).unwrap_or("unknown error")
    }
}

/// What a system call answers.
pub type SysResult = Result<u64, Errno>;

/// The register value of a result: the value, or the negated error (syscall(2)).
pub fn to_register(result: SysResult) -> u64 {
    match result {
        Ok(value) => value,
        Err(Errno(number)) => (-i64::from(number)).cast_unsigned(),
    }
}

/// The result that a register value stands for.
pub fn from_register(value: i64) -> SysResult {
    match u16::try_from(-value) {
        Ok(number @ 1..=4095) => Err(Errno(number)),
        _ => Ok(value.cast_unsigned()),
    }
}
