//! Segments of System V (shmget(2)): shared memory with an id, a key and an owner.
//!
//! They are the partition's own: the host and other partitions do not see them, as if it were an IPC namespace of its own.
//! A segment that is marked for removal lives as long as somebody shows its memory.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};

use spin::Mutex;

use super::object::SharedObject;
use crate::errno::Errno;

/// `SHMMNI`: segments at most.
pub const MOST: usize = 4096;
/// How ids are made: a place, and how often a segment has been made, so that an old id means nothing (`IPCMNI_SHIFT`).
const PLACE_BITS: u32 = 15;
const LAST_SEQUENCE: u32 = 0xffff;
/// The key that no segment has.
pub const PRIVATE: u32 = 0;

/// Who a segment is owned by, and who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User.
    pub user: u32,
    /// Group.
    pub group: u32,
}

/// What is known of a segment.
#[derive(Clone)]
pub struct Segment {
    /// Its key, `PRIVATE` if nobody finds it by one.
    pub key: u32,
    /// Its length in bytes, as it was asked for.
    pub bytes: u64,
    /// Permission bits.
    pub mode: u32,
    /// Whose it is.
    pub owner: Owner,
    /// Who made it.
    pub maker: Owner,
    /// The process that made it.
    pub maker_pid: u32,
    /// The process that attached or detached it last.
    pub last_pid: u32,
    /// When it was last attached, detached and changed, in seconds of the wall clock; 0: never.
    pub times: [u64; 3],
    /// Whether shmctl(2) has locked it, which means nothing here.
    pub is_locked: bool,
    sequence: u32,
    memory: Weak<SharedObject>,
    /// Keeps the memory until the segment is marked for removal.
    kept: Option<Arc<SharedObject>>,
}

impl Segment {
    /// A segment that shows `memory`; `owner` is its maker.
    pub fn new(key: u32, bytes: u64, mode: u32, owner: Owner, pid: u32, now: u64, memory: Arc<SharedObject>) -> Self {
        Self {
            key,
            bytes,
            mode,
            owner,
            maker: owner,
            maker_pid: pid,
            last_pid: 0,
            times: [0, 0, now],
            is_locked: false,
            sequence: 0,
            memory: Arc::downgrade(&memory),
            kept: Some(memory),
        }
    }

    /// Whether it is marked for removal.
    pub fn is_removed(&self) -> bool {
        self.kept.is_none()
    }

    /// How often it has been made before at its place (`__seq`).
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Its memory.
    pub fn memory(&self) -> Option<Arc<SharedObject>> {
        self.memory.upgrade()
    }

    /// Marks it for removal.
    pub fn remove(&mut self) {
        (self.key, self.kept) = (PRIVATE, None);
    }
}

/// All segments, by their places.
#[derive(Default)]
pub struct Segments {
    places: BTreeMap<u32, Segment>,
    sequence: u32,
}

static SEGMENTS: Mutex<Segments> = Mutex::new(Segments { places: BTreeMap::new(), sequence: 0 });

/// Works on the segments. Those whose memory nobody has any more are gone.
pub fn with<R>(action: impl FnOnce(&mut Segments) -> R) -> R {
    let mut segments = SEGMENTS.lock();
    segments.places.retain(|_, segment| segment.memory.strong_count() != 0);
    action(&mut segments)
}

fn id_of(place: u32, segment: &Segment) -> u32 {
    segment.sequence << PLACE_BITS | place
}

impl Segments {
    /// Enters a segment; answers its id. ENOSPC if there are too many.
    pub fn add(&mut self, mut segment: Segment) -> Result<u32, Errno> {
        if self.places.len() >= MOST {
            return Err(Errno::ENOSPC);
        }
        let place = (0..1 << PLACE_BITS).find(|place| !self.places.contains_key(place)).ok_or(Errno::ENOSPC)?;
        segment.sequence = self.sequence;
        self.sequence = (self.sequence + 1) & LAST_SEQUENCE;
        let id = id_of(place, &segment);
        self.places.insert(place, segment);
        Ok(id)
    }

    /// The segment with this key, and its id.
    pub fn with_key(&self, key: u32) -> Option<(u32, &Segment)> {
        let found = self.places.iter().find(|(_, segment)| segment.key == key && key != PRIVATE);
        found.map(|(place, segment)| (id_of(*place, segment), segment))
    }

    /// The segment with this id. EINVAL if the place is free, EIDRM if another one is there.
    pub fn find(&mut self, id: u32) -> Result<&mut Segment, Errno> {
        let place = id & ((1 << PLACE_BITS) - 1);
        let segment = self.places.get_mut(&place).ok_or(Errno::EINVAL)?;
        if id_of(place, segment) == id { Ok(segment) } else { Err(Errno::EIDRM) }
    }

    /// The id of the segment at `place`. EINVAL if there is none.
    pub fn id_at(&self, place: u32) -> Result<u32, Errno> {
        self.places.get(&place).map(|segment| id_of(place, segment)).ok_or(Errno::EINVAL)
    }

    /// The segment whose memory is `object`.
    pub fn showing(&mut self, object: u64) -> Option<&mut Segment> {
        self.places.values_mut().find(|segment| segment.memory().is_some_and(|memory| memory.number() == object))
    }

    /// How many there are, and the highest place in use.
    pub fn count(&self) -> (usize, u32) {
        (self.places.len(), self.places.keys().next_back().copied().unwrap_or(0))
    }

    /// Bytes of all, and how many of them have a frame.
    pub fn usage(&self) -> (u64, u64) {
        let memories = self.places.values().filter_map(Segment::memory);
        memories.fold((0, 0), |(total, resident), memory| (total + memory.bytes(), resident + memory.resident()))
    }
}
