//! The boot page and the entry data: what the VMM writes before the first instruction of the LWK.
//!
//! The LWK has no boot code at CPL0, so there is nothing it could ask: every table is made by the VMM and what the LWK
//! must know about the partition is said here, in one page.

use crate::address::GuestPhysical;

/// First bytes of the boot page.
pub const BOOT_MAGIC: u64 = u64::from_le_bytes(*b"LWKBOOT\x01");
/// First bytes of the LWK's image.
pub const IMAGE_MAGIC: u64 = u64::from_le_bytes(*b"LWKIMAG\x01");

/// In which mode of the processor the LWK runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Privilege(pub u32);

impl Privilege {
    /// LWK at CPL0, programs at CPL3.
    pub const RING0: Self = Self(0);
    /// LWK and programs at CPL3, a few instructions at CPL0.
    pub const RING3: Self = Self(3);
}

/// Flags of the boot page.
pub mod flag {
    /// The agent's CPUs are not the partition's: whoever waits may spin for a while.
    pub const MAY_SPIN: u32 = 1;
    /// `--kmsg`: log lines below warnings are wanted.
    pub const VERBOSE_LOG: u32 = 2;
    /// `--trace`: every call is reported.
    pub const TRACE: u32 = 4;
    /// WRFSBASE and its relatives may be used.
    pub const FSGSBASE: u32 = 8;
    /// XSAVE may be used; `xsave_mask` and `xsave_bytes` count.
    pub const XSAVE: u32 = 16;
    /// Page-directory-pointer entries can map 1 GiB.
    pub const HUGE_PAGES: u32 = 32;
    /// `-v`: unknown calls are named.
    pub const VERBOSE: u32 = 64;
    /// All memory was populated before boot.
    pub const PREFAULTED: u32 = 128;
    /// `syscall` instructions may be replaced by jumps: SYSCALL traps into the host. Never without `RDPID`.
    pub const REWRITE: u32 = 256;
    /// `--stats` or `--trace`: calls are counted and timed.
    pub const COUNT: u32 = 512;
    /// RDPID can be used and reads on each vCPU what RDTSCP does.
    pub const RDPID: u32 = 1024;
    /// XSAVEOPT may be used in place of XSAVE.
    pub const XSAVEOPT: u32 = 2048;
    /// No two vCPUs share a CPU: one that spins keeps none of the others from running.
    pub const OWN_CPUS: u32 = 4096;
}

/// A run of the partition's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct MemoryRegion {
    /// First byte.
    pub start: GuestPhysical,
    /// Bytes.
    pub length: u64,
}

/// The boot page.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct BootPage {
    /// [`BOOT_MAGIC`].
    pub magic: u64,
    /// [`crate::message::VERSION`].
    pub version: u32,
    /// A [`Privilege`].
    pub privilege: u32,
    /// Of [`flag`].
    pub flags: u32,
    /// vCPUs of the partition.
    pub vcpu_count: u32,
    /// The memory, of which `region_count` entries count.
    pub regions: [MemoryRegion; 2],
    /// Entries of `regions`.
    pub region_count: u32,
    /// Frequency of the TSC in kHz.
    pub tsc_khz: u32,
    /// First byte that the VMM has not used; everything before it stays as it is.
    pub free_start: GuestPhysical,
    /// The top-level page table that every vCPU starts with.
    pub page_table: GuestPhysical,
    /// The time page, see [`TimePage`].
    pub time_page: GuestPhysical,
    /// The counters, see [`crate::statistics::Statistics`].
    pub statistics: GuestPhysical,
    /// The vDSO's image and its length.
    pub vdso: MemoryRegion,
    /// What to run: NUL-terminated strings, first the path, then the arguments, then the environment.
    pub program: MemoryRegion,
    /// How many of those strings are arguments.
    pub argument_count: u32,
    /// How many are the environment.
    pub environment_count: u32,
    /// The program's pid: that of the first proxy.
    pub process: u32,
    /// The pid of the proxy's parent.
    pub parent: u32,
    /// Real, effective and saved user ids, then group ids, of the program.
    pub credentials: [u32; 6],
    /// Random bytes: for AT_RANDOM and the layout of address spaces.
    pub seed: [u8; 32],
    /// State components that XSAVE may save.
    pub xsave_mask: u64,
    /// Bytes that XSAVE needs for them.
    pub xsave_bytes: u32,
    /// AT_HWCAP: CPUID leaf 1's EDX.
    pub hwcap: u32,
    /// AT_HWCAP2.
    pub hwcap2: u32,
    /// RLIMIT_STACK of the program, in bytes.
    pub stack_limit: u64,
    /// The signals that were ignored when the VMM was started (bit 0: signal 1); the program goes on ignoring them.
    pub ignored_signals: u64,
    /// uname(2)'s fields: sysname, nodename, release, version, machine, domainname.
    pub uname: [[u8; 65]; 6],
}

/// Head of the LWK's image, at its first byte: what the VMM must know of it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ImageHeader {
    /// [`IMAGE_MAGIC`].
    pub magic: u64,
    /// [`crate::message::VERSION`].
    pub version: u64,
    /// The first instruction of the first vCPU and of every other one.
    pub entry: u64,
    /// The entry code for each privilege mode: ring0, ring3.
    pub entry_code: [EntryCode; 2],
}

/// Where one mode's entry code lies in the image and what is where in it. Offsets are from `start`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct EntryCode {
    /// Address of its first byte.
    pub start: u64,
    /// Its length in bytes.
    pub length: u64,
    /// Where SYSCALL arrives (LSTAR).
    pub system_call: u64,
    /// Where the handlers of exceptions 0 to 31 begin, one every [`EntryCode::HANDLER_BYTES`].
    pub exceptions: u64,
    /// Where the handlers of the vectors DEVICE, WAKE, TIMER begin, at the same distance.
    pub interrupts: u64,
    /// Where the handler of spurious interrupts begins.
    pub spurious: u64,
    /// Where the LWK goes on after an exception; the address in [`EntryData::to_exception`].
    pub continue_exception: u64,
    /// Where it goes on after an interrupt; the address in [`EntryData::to_interrupt`].
    pub continue_interrupt: u64,
    /// Where it goes on after a system call that arrived at CPL0; the address in [`EntryData::to_system_call`].
    pub continue_system_call: u64,
}

impl EntryCode {
    /// Distance between two handlers.
    pub const HANDLER_BYTES: u64 = 128;
}

/// A frame as IRETQ pops it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct ReturnFrame {
    /// Instruction pointer.
    pub rip: u64,
    /// Code segment.
    pub cs: u64,
    /// Flags.
    pub rflags: u64,
    /// Stack pointer.
    pub rsp: u64,
    /// Stack segment.
    pub ss: u64,
}

/// What a vCPU's entry code reads and writes, at [`crate::layout::vcpu_area::DATA`].
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct EntryData {
    /// The program's stack pointer while the entry code has none of its own.
    pub user_rsp: u64,
    /// Where the current thread's registers are saved.
    pub context: u64,
    /// Top of the current thread's LWK stack.
    pub stack_top: u64,
    /// Bit by bit what an interrupt asked for while the LWK was running: 1 device, 2 wake, 4 timer.
    pub pending: u64,
    /// Code segment at the entry of a system call.
    pub entry_cs: u64,
    /// Index of the vCPU.
    pub index: u64,
    /// Address of the handler of system calls.
    pub system_call_handler: u64,
    /// Address of the handler of exceptions and interrupts.
    pub trap_handler: u64,
    /// The address a page fault was about (CR2).
    pub fault_address: u64,
    /// Vector of the interrupt that hit the program.
    pub interrupt_vector: u64,
    /// Where the interrupted program was.
    pub interrupted: ReturnFrame,
    /// How the CPL0 code goes on at CPL3 after an exception.
    pub to_exception: ReturnFrame,
    /// ... after an interrupt.
    pub to_interrupt: ReturnFrame,
    /// ... after a system call that arrived at CPL0.
    pub to_system_call: ReturnFrame,
    /// 1 from just before the LWK looks at `pending` and `remote` for the last time until the program has been left.
    pub in_program: u64,
    /// Bit by bit what other vCPUs ask of this one; they change it by locked instructions.
    pub remote: u64,
    /// Numbers of the calls that may be quick, bit by bit.
    pub quick_calls: [u64; QUICK_CALL_WORDS],
    /// Address of their handler.
    pub quick_call_handler: u64,
}

/// Words of [`EntryData::quick_calls`].
pub const QUICK_CALL_WORDS: usize = 8;

/// The clocks, written by the VMM, read by the vDSO and the LWK.
///
/// A reader takes `sequence` (odd: being written, try again), reads, and takes it again (changed: try again).
/// A clock's time is its base and (tsc - `tsc`) * `multiplier` >> 32 nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct TimePage {
    /// Even when the page is whole.
    pub sequence: u32,
    /// 1 if RDPID can be used, written once; else 0.
    pub has_rdpid: u32,
    /// TSC at which the bases hold.
    pub tsc: u64,
    /// Minutes west of Greenwich and the kind of summer time (gettimeofday(2)).
    pub timezone: [i32; 2],
    /// By Linux's number of the clock (clock_gettime(2)).
    pub clocks: [ClockBase; CLOCKS],
}

/// Clocks of the time page: one more than the highest number, `CLOCK_TAI`.
pub const CLOCKS: usize = 12;

/// A clock at the moment `tsc` of its page; split into seconds and the rest, so that who starts from it need not divide.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct ClockBase {
    /// Whole seconds.
    pub seconds: u64,
    /// Beside them, less than a second.
    pub nanoseconds: u64,
    /// Nanoseconds per TSC tick, times 2^32; 0: only the system call knows this clock.
    pub multiplier: u64,
}

/// Where the map of processors lies in the time page: one `u16` for each value of the lowest ten bits of RDTSCP's third
/// result: the number of the vCPU of that name plus 1, or 0 when only the system call knows.
pub const CPU_MAP_OFFSET: usize = 2048;
/// Entries of that map; a power of two.
pub const CPU_MAP_ENTRIES: usize = 1024;

const _: () = {
    assert!(size_of::<BootPage>() <= 4096);
    assert!(size_of::<EntryData>() <= 4096);
    assert!(size_of::<TimePage>() <= CPU_MAP_OFFSET);
    assert!(CPU_MAP_OFFSET + 2 * CPU_MAP_ENTRIES == 4096);
};
