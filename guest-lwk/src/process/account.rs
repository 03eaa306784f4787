//! What a thread or process has used, as getrusage(2) tells it.

const SECOND: u64 = 1_000_000_000;
const MICROSECOND: u64 = 1_000;
/// Bytes of struct rusage.
pub const RUSAGE_BYTES: usize = 144;
/// Where in it the fields stand that are counted.
const USER: usize = 0;
const SYSTEM: usize = 16;
const LARGEST: usize = 32;
const MINOR_FAULTS: usize = 64;
const MAJOR_FAULTS: usize = 72;
const VOLUNTARY: usize = 128;
const INVOLUNTARY: usize = 136;

/// What was used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Account {
    /// Nanoseconds in the program.
    pub user: u64,
    /// Nanoseconds that the LWK and Linux worked for it.
    pub system: u64,
    /// The most memory that was resident, in bytes.
    pub largest: u64,
    /// Page faults that needed no file to be read.
    pub minor_faults: u64,
    /// Page faults for which a file was read.
    pub major_faults: u64,
    /// How often it gave its vCPU away to wait.
    pub voluntary_switches: u64,
    /// How often the vCPU was given to another thread though it could go on.
    pub involuntary_switches: u64,
}

impl Account {
    /// This and what `other` used.
    pub fn with(self, other: Self) -> Self {
        Self {
            user: self.user + other.user,
            system: self.system + other.system,
            largest: self.largest.max(other.largest),
            minor_faults: self.minor_faults + other.minor_faults,
            major_faults: self.major_faults + other.major_faults,
            voluntary_switches: self.voluntary_switches + other.voluntary_switches,
            involuntary_switches: self.involuntary_switches + other.involuntary_switches,
        }
    }

    /// Nanoseconds of processor time.
    pub fn processor_time(&self) -> u64 {
        self.user + self.system
    }

    /// A struct rusage. What is not counted is 0.
    pub fn to_bytes(self) -> [u8; RUSAGE_BYTES] {
        let mut bytes = [0; RUSAGE_BYTES];
        let mut put = |at: usize, value: u64| bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        for (at, time) in [(USER, self.user), (SYSTEM, self.system)] {
            put(at, time / SECOND);
            put(at + 8, time % SECOND / MICROSECOND);
        }
        put(LARGEST, self.largest >> 10);
        put(MINOR_FAULTS, self.minor_faults);
        put(MAJOR_FAULTS, self.major_faults);
        put(VOLUNTARY, self.voluntary_switches);
        put(INVOLUNTARY, self.involuntary_switches);
        bytes
    }
}
