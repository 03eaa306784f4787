//! Puts a program into an address space: its segments, its interpreter, the vDSO, the stack (execve(2), elf(5)).

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use linux_raw_sys::auxvec::{
    AT_BASE, AT_CLKTCK, AT_EGID, AT_ENTRY, AT_EUID, AT_EXECFN, AT_FLAGS, AT_GID, AT_HWCAP, AT_HWCAP2, AT_PAGESZ,
    AT_PHDR, AT_PHENT, AT_PHNUM, AT_PLATFORM, AT_RANDOM, AT_SECURE, AT_SYSINFO_EHDR, AT_UID,
};
use lwk_core::elf::{ElfFile, Kind, MapStep, Plan, Role, interpreter_path};
use lwk_core::protection::Protection;
use lwk_core::stack::{StackContents, StackImage};
use lwk_core::vma::{Backing, Vma, VmaFlags};
use virtio_ikc::address::{LARGE_PAGE_SIZE, PAGE_SIZE};
use virtio_ikc::layout::PROGRAM_END;

use super::execute::{Executable, Place, Seed};
use crate::arch::context::Context;
use crate::arch::{boot, fpu};
use crate::errno::Errno;
use crate::memory::space::{AddressSpace, ProgramLayout};

/// Where position-independent programs begin at the lowest: two thirds of the address space, as Linux's `ELF_ET_DYN_BASE`.
const DYNAMIC_BASE: u64 = 0x5555_5555_4000;
/// How much of the stack is there from the start, below what it holds then.
const INITIAL_STACK_BYTES: u64 = 192 << 10;
/// `AT_MINSIGSTKSZ` (not in every libc's headers).
const AT_MINSIGSTKSZ: u32 = 51;
/// Bytes of a signal frame without the floating-point state.
const SIGNAL_FRAME_BYTES: u64 = 1024;
/// The special area that is the time page.
const TIME_PAGE: u8 = 1;
/// The special area that is the vDSO.
pub const VDSO: u8 = 2;

/// A program and its arguments.
pub struct Image<'a> {
    /// The file, or the interpreter of the script that it is.
    pub file: &'a Executable,
    /// The arguments.
    pub arguments: &'a [Vec<u8>],
    /// The environment.
    pub environment: &'a [Vec<u8>],
    /// The path as it was asked for (`AT_EXECFN`).
    pub path: &'a [u8],
}

/// Loads `image` into the empty `space`; answers the registers it starts with.
pub fn load(space: &mut AddressSpace, image: &Image<'_>, seed: &mut Seed) -> Result<Context, Errno> {
    let plan = plan(image.file, Role::Program)?;
    let interpreter = interpreter(image.file, &plan)?;
    let stack_top = PROGRAM_END - LARGE_PAGE_SIZE - (seed.shift() % 0x4000) * PAGE_SIZE;
    let base = DYNAMIC_BASE + (seed.shift() % (1 << 28)) * PAGE_SIZE;
    let bias = map_plan(space, image.file, &plan, base & !(plan.alignment - 1))?;
    let mut entry = plan.entry_address(bias).map_err(|error| errno(error, Role::Program))?;
    let program_entry = entry;
    let mut interpreter_base = 0;
    if let Some((file, plan)) = &interpreter {
        let place = space.place_for(plan.mapping_bytes() + plan.alignment)?;
        let place = place.next_multiple_of(plan.alignment);
        let bias = map_plan(space, file, plan, place)?;
        interpreter_base = bias.wrapping_add(if plan.kind == Kind::Fixed { 0 } else { plan.lowest() });
        entry = plan.entry_address(bias).map_err(|error| errno(error, Role::Interpreter))?;
    }
    let heap = (plan.highest().wrapping_add(bias)).next_multiple_of(PAGE_SIZE);
    space.set_heap(heap + (seed.shift() % 0x2000) * PAGE_SIZE);
    let vdso = add_vdso(space)?;
    let auxiliary = auxiliary_vector(&plan, bias, program_entry, interpreter_base, vdso);
    let stack = build_stack(image, &auxiliary, stack_top, space.limits.stack, seed)?;
    add_stack(space, stack_top, stack.bytes.len() as u64, plan.stack_executable.unwrap_or(true))?;
    space.copy_out_forced(stack.stack_pointer, &stack.bytes)?;
    space.program = layout(&plan, bias, &stack);
    Ok(Context::start(entry, stack.stack_pointer))
}

/// Where the parts of the program are. Its file is known to whoever opened it.
fn layout(plan: &Plan, bias: u64, stack: &StackImage) -> ProgramLayout {
    let moved = |range: Range<u64>| range.start.wrapping_add(bias)..range.end.wrapping_add(bias);
    let (code, data) = plan.code_and_data();
    ProgramLayout {
        code: moved(code),
        data: moved(data),
        stack: stack.stack_pointer,
        arguments: stack.arguments.clone(),
        environment: stack.environment.clone(),
        auxiliary: stack.auxiliary.clone(),
        executable: None,
    }
}

fn errno(error: lwk_core::elf::ElfError, role: Role) -> Errno {
    Errno(u16::try_from(error.errno(role)).unwrap_or(Errno::ENOEXEC.0))
}

/// Reads and checks the headers of `file`.
fn plan(file: &Executable, role: Role) -> Result<Plan, Errno> {
    let parsed = ElfFile::read(role, file.head(), file.size()).map_err(|error| errno(error, role))?;
    let headers = if let Some(headers) = parsed.program_headers_in(file.head()) {
        headers.to_vec()
    } else {
        let range = parsed.program_headers();
        file.read(range.start, range.end - range.start)?
    };
    parsed.plan(&headers).map_err(|error| errno(error, role))
}

fn interpreter(file: &Executable, plan: &Plan) -> Result<Option<(Executable, Plan)>, Errno> {
    let Some(range) = plan.interpreter.clone() else { return Ok(None) };
    let bytes = file.read(range.start, range.end - range.start)?;
    let path = interpreter_path(&bytes).map_err(|error| errno(error, Role::Program))?;
    let opened = Executable::open(Place::here(path))?;
    let plan = self::plan(&opened, Role::Interpreter)?;
    Ok(Some((opened, plan)))
}

/// Maps the segments of `plan`, moved to `base` if it can be moved; answers by how much.
fn map_plan(space: &mut AddressSpace, file: &Executable, plan: &Plan, base: u64) -> Result<u64, Errno> {
    let bias = plan.bias(base).map_err(|error| errno(error, Role::Program))?;
    file.keep_for(space);
    for step in plan.steps(bias) {
        match step {
            MapStep::File { start, end, offset, protection } => {
                let backing = Backing::File { handle: file.handle(), offset };
                space.load_area(area(start, end, protection, backing))?;
            }
            MapStep::Zero { start, end, protection } => {
                space.load_area(area(start, end, protection, Backing::Anonymous))?;
            }
            MapStep::ClearTail { start, end } => {
                let zeros = vec![0; usize::try_from(end - start).unwrap_or(0)];
                space.copy_out_forced(start, &zeros)?;
            }
        }
    }
    Ok(bias)
}

fn area(start: u64, end: u64, protection: Protection, backing: Backing) -> Vma {
    Vma { start, end, protection, maximum_protection: Protection::all(), flags: VmaFlags::empty(), backing }
}

/// Enters the stack, with room below what the program is started with, which takes `used` bytes.
fn add_stack(space: &mut AddressSpace, top: u64, used: u64, executable: bool) -> Result<(), Errno> {
    let length = INITIAL_STACK_BYTES + used.next_multiple_of(PAGE_SIZE);
    let mut protection = Protection::READ | Protection::WRITE;
    protection.set(Protection::EXECUTE, executable);
    let mut stack = area(top - length, top, protection, Backing::Anonymous);
    stack.flags = VmaFlags::GROWS_DOWN | VmaFlags::STACK;
    space.load_area(stack)
}

/// Maps the time page and the vDSO right behind it; answers the vDSO's address.
fn add_vdso(space: &mut AddressSpace) -> Result<u64, Errno> {
    let page = boot::page();
    let length = page.vdso.length.next_multiple_of(PAGE_SIZE);
    let start = space.place_for(PAGE_SIZE + length)?;
    space.add_special(start, page.time_page, PAGE_SIZE, Protection::READ, TIME_PAGE)?;
    let code = Protection::READ | Protection::EXECUTE;
    space.add_special(start + PAGE_SIZE, page.vdso.start, length, code, VDSO)?;
    Ok(start + PAGE_SIZE)
}

fn auxiliary_vector(plan: &Plan, bias: u64, entry: u64, interpreter: u64, vdso: u64) -> Vec<(u64, u64)> {
    let page = boot::page();
    let [user, effective_user, _, group, effective_group, _] = page.credentials;
    let headers = if plan.program_headers == 0 { 0 } else { plan.program_headers.wrapping_add(bias) };
    let frame = SIGNAL_FRAME_BYTES + fpu::state_bytes() as u64;
    [
        (AT_SYSINFO_EHDR, vdso),
        (AT_HWCAP, u64::from(page.hwcap)),
        (AT_PAGESZ, PAGE_SIZE),
        (AT_CLKTCK, 100),
        (AT_PHDR, headers),
        (AT_PHENT, 56),
        (AT_PHNUM, u64::from(plan.program_header_count)),
        (AT_BASE, interpreter),
        (AT_FLAGS, 0),
        (AT_ENTRY, entry),
        (AT_UID, u64::from(user)),
        (AT_EUID, u64::from(effective_user)),
        (AT_GID, u64::from(group)),
        (AT_EGID, u64::from(effective_group)),
        (AT_SECURE, 0),
        (AT_HWCAP2, u64::from(page.hwcap2)),
        (AT_MINSIGSTKSZ, frame),
        (AT_RANDOM, 0),
        (AT_EXECFN, 0),
        (AT_PLATFORM, 0),
    ]
    .map(|(kind, value)| (u64::from(kind), value))
    .to_vec()
}

fn build_stack(
    image: &Image<'_>,
    auxiliary: &[(u64, u64)],
    top: u64,
    limit: u64,
    seed: &mut Seed,
) -> Result<StackImage, Errno> {
    let arguments: Vec<&[u8]> = image.arguments.iter().map(Vec::as_slice).collect();
    let environment: Vec<&[u8]> = image.environment.iter().map(Vec::as_slice).collect();
    let contents = StackContents {
        arguments: &arguments,
        environment: &environment,
        exec_name: image.path,
        auxiliary,
        random: seed.bytes(),
    };
    contents.build(top, limit).map_err(|_| Errno::E2BIG)
}
