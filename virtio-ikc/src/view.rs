//! Views: files of /proc and /sys that show the partition instead of the machine.
//!
//! Linux opens the file, so that permission, names and links are its own. The agent sees what was opened and asks the LWK, in the
//! reply to the call, for what only the LWK knows; the LWK answers by [`crate::message::Operation::VIEW`].

/// A kind of view, in `values[0]` of the reply to a call; 0 is none. `values[1]` and `values[2]` are then the process and the thread
/// (0: the process as a whole) that it shows, `values[3]` is the descriptor. Open: the LWK leaves a file alone that it does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct View(pub u32);

impl View {
    /// The descriptor shows what Linux says.
    pub const NONE: Self = Self(0);
    /// `maps`: the text as a program reads it.
    pub const MAPS: Self = Self(1);
    /// `smaps`: the same.
    pub const SMAPS: Self = Self(2);
    /// `smaps_rollup`: the same.
    pub const SMAPS_ROLLUP: Self = Self(3);
    /// `statm`: the same.
    pub const STATM: Self = Self(4);
    /// `cmdline`: the same.
    pub const COMMAND_LINE: Self = Self(5);
    /// `environ`: the same.
    pub const ENVIRONMENT: Self = Self(6);
    /// `auxv`: the same.
    pub const AUXILIARY: Self = Self(7);
    /// `status`: lines that replace those of Linux with the same name before the colon.
    pub const STATUS: Self = Self(8);
    /// `stat` of a process: lines of a field's number (proc(5)) and its value, which replace those of Linux.
    pub const STAT: Self = Self(9);
    /// `limits`: lines that replace those of Linux with the same first 25 characters.
    pub const LIMITS: Self = Self(10);
    /// `/proc/meminfo`: lines that replace those of Linux with the same name; all others count nothing.
    pub const MEMORY_INFO: Self = Self(11);
    /// `meminfo` of node 0: the same.
    pub const NODE_MEMORY: Self = Self(12);
    /// `/proc/stat`: the lines of processors, which replace those of Linux, and others that replace one with the same name.
    pub const PROCESSOR_TIMES: Self = Self(13);
    /// `mem`: the call is one that moves bytes; the LWK does it. `values[2]` is the position.
    pub const MEMORY: Self = Self(14);
    /// `pagemap`: the same.
    pub const PAGE_MAP: Self = Self(15);
    /// `exe`: the call is a readlink(2); the LWK answers it.
    pub const EXECUTABLE: Self = Self(16);
}
