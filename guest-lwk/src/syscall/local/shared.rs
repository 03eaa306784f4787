//! shmget(2), shmat(2), shmdt(2), shmctl(2): checks and rights, in Linux's order (ipc/shm.c).

use alloc::sync::Arc;
use alloc::vec::Vec;

use lwk_core::protection::Protection;
use virtio_ikc::address::{PAGE_SIZE, page_align_up};

use crate::arch::time::{self, Clock};
use crate::errno::{Errno, SysResult, from_register};
use crate::ikc::request::{self, Draft};
use crate::memory::object::SharedObject;
use crate::memory::segment::{self, MOST, Owner, PRIVATE, Segment};
use crate::process::table;
use crate::process::thread::Thread;

const GETEUID: u16 = 107;
const GETEGID: u16 = 108;

const IPC_CREAT: u32 = 0o1000;
const IPC_EXCL: u32 = 0o2000;
const SHM_NORESERVE: u32 = 0o10000;
const SHM_RDONLY: u32 = 0o10000;
const SHM_RND: u32 = 0o20000;
const SHM_REMAP: u32 = 0o40000;
const SHM_EXEC: u32 = 0o100_000;
/// Bits of a mode that say more than who may do what: marked for removal, locked.
const SHM_DEST: u32 = 0o1000;
const SHM_LOCKED: u32 = 0o2000;

const READ: u32 = 0o4;
const WRITE: u32 = 0o2;
const EXECUTE: u32 = 0o1;

const IPC_RMID: u32 = 0;
const IPC_SET: u32 = 1;
const IPC_STAT: u32 = 2;
const IPC_INFO: u32 = 3;
const SHM_LOCK: u32 = 11;
const SHM_UNLOCK: u32 = 12;
const SHM_STAT: u32 = 13;
const SHM_INFO: u32 = 14;
const SHM_STAT_ANY: u32 = 15;

/// Bytes of struct shmid64_ds.
const STATE_BYTES: usize = 112;
/// `SHMMAX` and `SHMALL`.
const LIMIT: u64 = u64::MAX - (1 << 24);

#[expect(clippy::cast_possible_truncation, reason = "Linux takes the low 32 bits too")]
fn low(value: u64) -> u32 {
    value as u32
}

fn now() -> u64 {
    time::now(Clock::Realtime) / 1_000_000_000
}

/// Who calls, as Linux has it.
fn caller() -> Owner {
    let ask = |call| from_register(request::send(Draft::call(call, [0; 6])).result).map_or(u32::MAX, low);
    Owner { user: ask(GETEUID), group: ask(GETEGID) }
}

/// Whether `caller` may do what the bits of `wanted` ask for, which may stand in any of a mode's three places (`ipcperms()`).
fn check(segment: &Segment, caller: Owner, wanted: u32) -> Result<(), Errno> {
    let wanted = (wanted >> 6 | wanted >> 3 | wanted) & 0o7;
    let granted = if caller.user == segment.owner.user || caller.user == segment.maker.user {
        segment.mode >> 6
    } else if caller.group == segment.owner.group || caller.group == segment.maker.group {
        segment.mode >> 3
    } else {
        segment.mode
    };
    if wanted & !granted == 0 || caller.user == 0 { Ok(()) } else { Err(Errno::EACCES) }
}

/// Whether `caller` may change or remove it.
fn check_owner(segment: &Segment, caller: Owner) -> Result<(), Errno> {
    let owns = [0, segment.owner.user, segment.maker.user].contains(&caller.user);
    if owns { Ok(()) } else { Err(Errno::EPERM) }
}

/// shmget(2).
pub fn get(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [key, bytes, flags, ..] = arguments;
    let (key, flags) = (low(key), low(flags));
    let caller = caller();
    let found = segment::with(|segments| segments.with_key(key).map(|(id, segment)| (id, segment.clone())));
    if let Some((id, segment)) = found {
        if flags & IPC_CREAT != 0 && flags & IPC_EXCL != 0 {
            return Err(Errno::EEXIST);
        }
        if segment.bytes < bytes {
            return Err(Errno::EINVAL);
        }
        return check(&segment, caller, flags).map(|()| id.into());
    }
    if key != PRIVATE && flags & IPC_CREAT == 0 {
        return Err(Errno::ENOENT);
    }
    if bytes == 0 || bytes > LIMIT {
        return Err(Errno::EINVAL);
    }
    let length = page_align_up(bytes).ok_or(Errno::EINVAL)?;
    let memory = SharedObject::new(length, flags & SHM_NORESERVE == 0)?;
    let made = Segment::new(key, bytes, flags & 0o777, caller, thread.process().pid(), now(), memory);
    segment::with(|segments| segments.add(made)).map(u64::from)
}

/// shmat(2).
pub fn attach(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [id, address, flags, ..] = arguments;
    let (id, flags) = (low(id), low(flags));
    let wish = place(address, flags)?;
    let mut protection = Protection::READ;
    let mut wanted = READ;
    if flags & SHM_RDONLY == 0 {
        protection |= Protection::WRITE;
        wanted |= WRITE;
    }
    if flags & SHM_EXEC != 0 {
        protection |= Protection::EXECUTE;
        wanted |= EXECUTE;
    }
    let caller = caller();
    let memory: Arc<SharedObject> = segment::with(|segments| {
        let segment = segments.find(id)?;
        check(segment, caller, wanted)?;
        segment.memory().ok_or(Errno::EIDRM)
    })?;
    let number = memory.number();
    let process = thread.process();
    let start = process.space.lock().attach(memory, wish, flags & SHM_REMAP != 0, protection)?;
    touched(thread, number, 0);
    Ok(start)
}

/// The wished place, rounded down if that is asked for.
fn place(address: u64, flags: u32) -> Result<Option<u64>, Errno> {
    let rounded = if flags & SHM_RND != 0 { address & !(PAGE_SIZE - 1) } else { address };
    if !rounded.is_multiple_of(PAGE_SIZE) || rounded == 0 && flags & SHM_REMAP != 0 {
        return Err(Errno::EINVAL);
    }
    Ok((address != 0).then_some(rounded))
}

/// Takes note that `thread` attached (`which` is 0) or detached (1) the segment that shows `object`.
fn touched(thread: &Thread, object: u64, which: usize) {
    segment::with(|segments| {
        if let Some(segment) = segments.showing(object) {
            segment.last_pid = thread.process().pid();
            segment.times[which] = now();
        }
    });
}

/// shmdt(2).
pub fn detach(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let address = arguments[0];
    if !address.is_multiple_of(PAGE_SIZE) {
        return Err(Errno::EINVAL);
    }
    let attached = thread.process().space.lock().attached_at(address).ok_or(Errno::EINVAL)?;
    // Other shared memory is munmap(2)'s.
    if !segment::with(|segments| segments.showing(attached).is_some()) {
        return Err(Errno::EINVAL);
    }
    touched(thread, attached, 1);
    thread.process().space.lock().detach(address, attached)?;
    Ok(0)
}

/// shmctl(2).
pub fn control(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [id, command, address, ..] = arguments;
    let (id, command) = (low(id), low(command));
    if id.cast_signed() < 0 || command.cast_signed() < 0 {
        return Err(Errno::EINVAL);
    }
    match command {
        IPC_INFO | SHM_INFO => information(thread, command, address),
        IPC_STAT | SHM_STAT | SHM_STAT_ANY => state(thread, id, command, address),
        IPC_SET => {
            let mut bytes = [0_u8; STATE_BYTES];
            thread.process().space.lock().copy_in(address, &mut bytes)?;
            let words: [u32; 6] = core::array::from_fn(|index| word(&bytes, index * 4));
            change(id, |segment| {
                segment.owner = Owner { user: words[1], group: words[2] };
                segment.mode = words[5] & 0o777;
                segment.times[2] = now();
            })
        }
        IPC_RMID => change(id, Segment::remove),
        SHM_LOCK | SHM_UNLOCK => change(id, |segment| segment.is_locked = command == SHM_LOCK),
        _ => Err(Errno::EINVAL),
    }
}

/// Changes the segment `id` if it is the caller's.
fn change(id: u32, action: impl FnOnce(&mut Segment)) -> SysResult {
    let caller = caller();
    segment::with(|segments| {
        let segment = segments.find(id)?;
        check_owner(segment, caller)?;
        action(segment);
        Ok(0)
    })
}

/// How often the memory of `segment` is shown, in all processes.
fn attachments(segment: &Segment) -> u64 {
    let Some(memory) = segment.memory() else { return 0 };
    let mut spaces = Vec::new();
    for space in table::all().iter().map(|process| process.space.share()) {
        // A child of vfork(2) has its parent's.
        if !spaces.iter().any(|other| Arc::ptr_eq(other, &space)) {
            spaces.push(space);
        }
    }
    let count = spaces.into_iter().map(|space| space.lock_shared().attachments(memory.number()));
    count.sum::<usize>() as u64
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].try_into().map_or(0, u32::from_le_bytes)
}

fn put<const N: usize>(bytes: &mut [u8], at: usize, value: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&value);
}

/// Writes the struct shmid64_ds of segment `id`, or of the segment at place `id`.
fn state(thread: &Thread, id: u32, command: u32, address: u64) -> SysResult {
    let by_place = command != IPC_STAT;
    let caller = caller();
    let (id, segment) = segment::with(|segments| {
        let id = if by_place { segments.id_at(id)? } else { id };
        let segment = segments.find(id)?.clone();
        if command != SHM_STAT_ANY {
            check(&segment, caller, READ)?;
        }
        Ok((id, segment))
    })?;
    let mut mode = segment.mode;
    mode |= if segment.is_removed() { SHM_DEST } else { 0 };
    mode |= if segment.is_locked { SHM_LOCKED } else { 0 };
    let mut bytes = [0_u8; STATE_BYTES];
    let words = [segment.key, segment.owner.user, segment.owner.group, segment.maker.user, segment.maker.group, mode];
    for (index, word) in words.into_iter().enumerate() {
        put(&mut bytes, index * 4, word.to_le_bytes());
    }
    put(&mut bytes, 24, segment.sequence().to_le_bytes());
    put(&mut bytes, 48, segment.bytes.to_le_bytes());
    for (index, time) in segment.times.into_iter().enumerate() {
        put(&mut bytes, 56 + index * 8, time.to_le_bytes());
    }
    put(&mut bytes, 80, segment.maker_pid.to_le_bytes());
    put(&mut bytes, 84, segment.last_pid.to_le_bytes());
    put(&mut bytes, 88, attachments(&segment).to_le_bytes());
    thread.process().space.lock().copy_out(address, &bytes)?;
    Ok(if by_place { id.into() } else { 0 })
}

/// Writes the limits (struct shminfo64) or what is in use (struct shm_info); answers the highest place.
fn information(thread: &Thread, command: u32, address: u64) -> SysResult {
    let ((count, highest), (total, resident)) = segment::with(|segments| (segments.count(), segments.usage()));
    let most = MOST as u64;
    let limits = [LIMIT, 1, most, most, LIMIT, 0, 0, 0, 0];
    let usage = [count as u64, total / PAGE_SIZE, resident / PAGE_SIZE, 0, 0, 0];
    let words = if command == IPC_INFO { &limits[..] } else { &usage[..] };
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    thread.process().space.lock().copy_out(address, &bytes)?;
    Ok(highest.into())
}
