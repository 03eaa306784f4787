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

use boot::{CLOCKS, CPU_MAP_ENTRIES, CPU_MAP_OFFSET, ClockBase, TimePage};

const NANOSECONDS: u64 = 1_000_000_000;
const SYS_GETTIMEOFDAY: u64 = 96;
const SYS_CLOCK_GETTIME: u64 = 228;
const SYS_CLOCK_GETRES: u64 = 229;
const SYS_GETCPU: u64 = 309;

const CLOCK_REALTIME: i32 = 0;

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

/// The counter, not read before what stands before it in the program (Intel SDM vol. 2, RDTSCP).
fn ticks() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: RDTSCP is open to programs.
    unsafe { asm!("rdtscp", out("eax") low, out("edx") high, out("ecx") _, options(nostack, preserves_flags)) };
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

/// The time of `clock`, unless only the system call knows it.
#[inline(always)]
fn time_of(clock: i32) -> Option<Time> {
    if clock as u32 >= CLOCKS as u32 {
        return None;
    }
    let page = page();
    // SAFETY: the page is mapped, the index within the array.
    let (sequence, base) =
        unsafe { (&*page.cast::<AtomicU32>(), (&raw const (*page).clocks).cast::<ClockBase>().add(clock as usize)) };
    loop {
        let before = sequence.load(Ordering::Acquire);
        // The counter comes first: what is loaded behind it arrives while it is read.
        let now = ticks();
        // SAFETY: computes addresses of fields.
        let (then, seconds, nanoseconds, multiplier) = unsafe {
            (
                load(&raw const (*page).tsc),
                load(&raw const (*base).seconds),
                load(&raw const (*base).nanoseconds),
                load(&raw const (*base).multiplier),
            )
        };
        fence(Ordering::Acquire);
        if before & 1 == 0 && sequence.load(Ordering::Relaxed) == before {
            if multiplier == 0 {
                return None;
            }
            return Some(settled(seconds, nanoseconds.wrapping_add(scaled(now.wrapping_sub(then), multiplier))));
        }
    }
}

/// `ticks` in nanoseconds; none if the counter stands before the page's. Usually both factors have 16 bits to spare, so that the
/// upper half of the product is the answer and no shift is waited for.
#[inline(always)]
fn scaled(ticks: u64, multiplier: u64) -> u64 {
    if ticks >> 48 == 0 && multiplier >> 48 == 0 {
        return ((u128::from(ticks << 16) * u128::from(multiplier << 16)) >> 64) as u64;
    }
    cold();
    if ticks >> 63 != 0 { 0 } else { ((u128::from(ticks) * u128::from(multiplier)) >> 32) as u64 }
}

/// Marks the way that is hardly ever taken.
#[cold]
fn cold() {}

/// The VMM writes the page twice a second, so a second is hardly ever over; a division would take longer than all else here.
#[inline(always)]
fn settled(mut seconds: u64, mut nanoseconds: u64) -> Time {
    if nanoseconds >= NANOSECONDS {
        cold();
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

/// What RDPID, or RDTSCP's third result, calls the processor (on software KVM the host's name), as an index of the map.
#[inline(always)]
fn map_index() -> usize {
    let name: u64;
    // SAFETY: the field is written once, before the program starts.
    if unsafe { (*page()).has_rdpid } != 0 {
        // SAFETY: the page says that the processor has the instruction, which reads a register.
        unsafe { asm!("rdpid {}", out(reg) name, options(nostack, nomem, preserves_flags)) };
    } else {
        cold();
        // SAFETY: RDTSCP is open to programs.
        unsafe {
            asm!("rdtscp", out("eax") _, out("edx") _, out("rcx") name, options(nostack, nomem, preserves_flags))
        };
    }
    name as usize % CPU_MAP_ENTRIES
}

/// getcpu(2). The map behind the time page has the partition's number for the processor's name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __vdso_getcpu(cpu: *mut u32, node: *mut u32, _unused: *mut u8) -> i32 {
    let index = map_index();
    // SAFETY: the map lies in the time page.
    let known =
        unsafe { (*page().cast::<u8>().add(CPU_MAP_OFFSET).cast::<AtomicU16>().add(index)).load(Ordering::Relaxed) };
    let known = u32::from(known);
    if known == 0 {
        return system_call(SYS_GETCPU, cpu as u64, node as u64, 0);
    }
    // SAFETY: as for clock_gettime.
    unsafe {
        if !cpu.is_null() {
            cpu.write(known - 1);
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
