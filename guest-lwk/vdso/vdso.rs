//! The vDSO: the clocks without a system call (vdso(7)).
//!
//! The LWK maps one page, the time page, right before this image; the VMM keeps it in step with the host's clocks. Code
//! here runs in the program, so it may use nothing but that page and the processor. What it cannot answer (CPU-time
//! clocks, a processor the map does not know) becomes the system call of the same name. It is linked without libraries
//! and without panics: a check that could panic is an undefined symbol at link time.
#![no_std]
#![allow(dead_code, unsafe_code)]

#[path = "../../virtio-ikc/src/address.rs"]
mod address;
#[path = "../../virtio-ikc/src/boot.rs"]
mod boot;

use core::arch::{asm, global_asm};
use core::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering, fence};

use boot::{CPU_MAP_ENTRIES, CPU_MAP_OFFSET, TimePage};

const NANOSECONDS: u64 = 1_000_000_000;
const SYS_GETTIMEOFDAY: u64 = 96;
const SYS_CLOCK_GETTIME: u64 = 228;
const SYS_CLOCK_GETRES: u64 = 229;
const SYS_GETCPU: u64 = 309;

const CLOCK_REALTIME: i32 = 0;
const CLOCK_MONOTONIC: i32 = 1;
const CLOCK_MONOTONIC_RAW: i32 = 4;
const CLOCK_REALTIME_COARSE: i32 = 5;
const CLOCK_MONOTONIC_COARSE: i32 = 6;
const CLOCK_BOOTTIME: i32 = 7;
const CLOCK_TAI: i32 = 11;

/// struct timespec.
#[repr(C)]
pub struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

/// struct timeval.
#[repr(C)]
pub struct Timeval {
    seconds: i64,
    microseconds: i64,
}

/// The page before the image.
fn page() -> *const TimePage {
    let address: *const TimePage;
    // SAFETY: computes an address.
    unsafe {
        asm!("lea {}, [rip + vdso_start - 4096]", out(reg) address, options(pure, nomem, nostack, preserves_flags))
    };
    address
}

/// The counter, not read before what stands before it in the program (Intel SDM vol. 2, RDTSC).
fn ticks() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: LFENCE and RDTSC are open to programs.
    unsafe { asm!("lfence", "rdtsc", out("eax") low, out("edx") high, options(nostack, preserves_flags)) };
    u64::from(high) << 32 | u64::from(low)
}

fn load(field: *const u64) -> u64 {
    // SAFETY: the callers pass fields of the time page, which is mapped and aligned.
    unsafe { (*field.cast::<AtomicU64>()).load(Ordering::Relaxed) }
}

/// A time: seconds, and nanoseconds beside them.
struct Time {
    seconds: u64,
    nanoseconds: u64,
}

/// Where a clock stands in the time page.
struct Place {
    base: *const u64,
    seconds: *const u64,
    multiplier: *const u64,
}

/// The time of the clock at `place`.
fn read(page: *const TimePage, place: &Place) -> Time {
    // SAFETY: the page is mapped; its first field is the sequence number.
    let sequence = unsafe { &*page.cast::<AtomicU32>() };
    loop {
        let before = sequence.load(Ordering::Acquire);
        // The counter comes first: what is loaded behind it arrives while it is read.
        let now = ticks();
        // SAFETY: computes the address of a field.
        let then = load(unsafe { &raw const (*page).tsc });
        let (base, seconds, multiplier) = (load(place.base), load(place.seconds), load(place.multiplier));
        fence(Ordering::Acquire);
        if before & 1 == 0 && sequence.load(Ordering::Relaxed) == before {
            let scaled = (u128::from(now.saturating_sub(then)) * u128::from(multiplier)) >> 32;
            let beside = base.wrapping_sub(seconds.wrapping_mul(NANOSECONDS));
            return settled(seconds, beside.wrapping_add(scaled as u64));
        }
    }
}

/// The VMM writes the page twice a second, so a second is hardly ever over; a division would take longer than all else here.
fn settled(mut seconds: u64, mut nanoseconds: u64) -> Time {
    if nanoseconds >= NANOSECONDS {
        if nanoseconds >= 4 * NANOSECONDS {
            seconds = seconds.wrapping_add(nanoseconds / NANOSECONDS);
            nanoseconds %= NANOSECONDS;
        }
        while nanoseconds >= NANOSECONDS {
            seconds = seconds.wrapping_add(1);
            nanoseconds -= NANOSECONDS;
        }
    }
    Time { seconds, nanoseconds }
}

fn time_of(clock: i32) -> Option<Time> {
    let page = page();
    // SAFETY: computes the addresses of fields.
    let place = unsafe {
        let seconds = (&raw const (*page).seconds).cast::<u64>();
        let (base, index) = match clock {
            CLOCK_MONOTONIC | CLOCK_MONOTONIC_COARSE => (&raw const (*page).monotonic, 0),
            CLOCK_REALTIME | CLOCK_REALTIME_COARSE => (&raw const (*page).realtime, 1),
            CLOCK_BOOTTIME => (&raw const (*page).boottime, 2),
            CLOCK_MONOTONIC_RAW => (&raw const (*page).raw, 3),
            CLOCK_TAI => (&raw const (*page).tai, 4),
            _ => return None,
        };
        let is_raw = clock == CLOCK_MONOTONIC_RAW;
        let multiplier = if is_raw { &raw const (*page).raw_multiplier } else { &raw const (*page).multiplier };
        Place { base, seconds: seconds.add(index), multiplier }
    };
    Some(read(page, &place))
}

fn system_call(number: u64, first: u64, second: u64, third: u64) -> i32 {
    let result: u64;
    // SAFETY: the calls of this file, with the program's own pointers.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") first, in("rsi") second, in("rdx") third,
            lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    result as i32
}

/// clock_gettime(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __vdso_clock_gettime(clock: i32, time: *mut Timespec) -> i32 {
    let Some(now) = time_of(clock) else {
        return system_call(SYS_CLOCK_GETTIME, clock as u64, time as u64, 0);
    };
    // SAFETY: the program's pointer; a bad one is the program's fault, as in Linux's vDSO.
    unsafe { time.write(Timespec { seconds: now.seconds as i64, nanoseconds: now.nanoseconds as i64 }) };
    0
}

/// clock_getres(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __vdso_clock_getres(clock: i32, resolution: *mut Timespec) -> i32 {
    system_call(SYS_CLOCK_GETRES, clock as u64, resolution as u64, 0)
}

/// gettimeofday(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __vdso_gettimeofday(time: *mut Timeval, zone: *mut [i32; 2]) -> i32 {
    if let Some(now) = time_of(CLOCK_REALTIME)
        && !time.is_null()
    {
        // SAFETY: as for clock_gettime.
        unsafe { time.write(Timeval { seconds: now.seconds as i64, microseconds: (now.nanoseconds / 1000) as i64 }) };
    }
    if !zone.is_null() {
        // SAFETY: as for clock_gettime; the time zone lies in the time page.
        unsafe { zone.write((&raw const (*page()).timezone).read_volatile()) };
    }
    0
}

/// time(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __vdso_time(time: *mut i64) -> i64 {
    let now = time_of(CLOCK_REALTIME).map_or(0, |now| now.seconds as i64);
    if !time.is_null() {
        // SAFETY: as for clock_gettime.
        unsafe { time.write(now) };
    }
    now
}

/// getcpu(2). RDPID, or RDTSCP's third result, names the processor (on software KVM the host's), the map behind the time page the
/// partition's number for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __vdso_getcpu(cpu: *mut u32, node: *mut u32, _unused: *mut u8) -> i32 {
    // SAFETY: the field is written once, before the program starts.
    let name = if unsafe { (*page()).has_rdpid } != 0 {
        let name: u64;
        // SAFETY: the page says that the processor has the instruction, which reads a register.
        unsafe { asm!("rdpid {}", out(reg) name, options(nostack, nomem, preserves_flags)) };
        name as u32
    } else {
        let name: u32;
        // SAFETY: RDTSCP is open to programs.
        unsafe { asm!("rdtscp", out("eax") _, out("edx") _, out("ecx") name, options(nostack, nomem, preserves_flags)) };
        name
    };
    let index = (name & 0xfff) as usize;
    let known = if index < CPU_MAP_ENTRIES {
        // SAFETY: the map lies in the time page.
        unsafe { (*page().cast::<u8>().add(CPU_MAP_OFFSET + index * 2).cast::<AtomicU16>()).load(Ordering::Relaxed) }
    } else {
        0
    };
    if known == 0 {
        return system_call(SYS_GETCPU, cpu as u64, node as u64, 0);
    }
    // SAFETY: as for clock_gettime.
    unsafe {
        if !cpu.is_null() {
            cpu.write(u32::from(known) - 1);
        }
        if !node.is_null() {
            node.write(0);
        }
    }
    0
}

global_asm!(
    ".macro ALIAS name",
    ".weak \\name",
    ".type \\name, @function",
    ".set \\name, __vdso_\\name",
    ".endm",
    "ALIAS clock_gettime",
    "ALIAS clock_getres",
    "ALIAS gettimeofday",
    "ALIAS time",
    "ALIAS getcpu",
);
