//! Why an ELF file cannot run, and what Linux answers in each case.

/// What a file is loaded as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The program that execve(2) names.
    Program,
    /// The interpreter that the program names (`PT_INTERP`), usually the dynamic linker.
    Interpreter,
}

/// Why an ELF file cannot run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElfError {
    /// Not an ELF file for x86-64: magic, machine.
    NotForThisMachine,
    /// Neither an executable nor a shared object (`e_type`).
    NotExecutable,
    /// The program headers have a wrong size, there are none or too many of them, or they end past the file.
    BadProgramHeaders,
    /// The interpreter is shorter than a file header.
    TruncatedHeader,
    /// The interpreter's path is empty, too long or does not end with a NUL.
    BadInterpreterPath,
    /// The interpreter's path lies past the end of the file.
    TruncatedInterpreterPath,
    /// There is nothing to load.
    NoSegments,
    /// A segment cannot be mapped: it wraps, lies outside the program's addresses, is larger in the file than in
    /// memory, or its offset in the file does not go with its address.
    BadSegment,
    /// The entry point is no address of a program.
    BadEntry,
}

const EPERM: i32 = 1;
const EIO: i32 = 5;
const ENOEXEC: i32 = 8;
const EINVAL: i32 = 22;
const ELIBBAD: i32 = 80;

impl ElfError {
    /// The error number that execve(2) fails with.
    #[must_use]
    pub const fn errno(self, role: Role) -> i32 {
        match (self, role) {
            (Self::NotForThisMachine | Self::BadProgramHeaders, Role::Interpreter) => ELIBBAD,
            (Self::NotExecutable, Role::Interpreter) => EPERM,
            (Self::NotForThisMachine | Self::NotExecutable | Self::BadProgramHeaders | Self::BadInterpreterPath, _) => {
                ENOEXEC
            }
            (Self::TruncatedHeader | Self::TruncatedInterpreterPath, _) => EIO,
            (Self::NoSegments | Self::BadSegment | Self::BadEntry, _) => EINVAL,
        }
    }

    /// Whether Linux finds the fault only when the old program is gone. Then there is nobody left to be given an
    /// error number, and the process ends by SIGSEGV.
    #[must_use]
    pub const fn is_fatal(self, role: Role) -> bool {
        match self {
            Self::NoSegments | Self::BadSegment | Self::BadEntry => true,
            Self::NotExecutable => matches!(role, Role::Interpreter),
            _ => false,
        }
    }
}
