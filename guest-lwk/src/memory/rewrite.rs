//! The replaced system calls of an address space: see [`lwk_core::rewrite`].
//!
//! Trampolines lie between the program's areas, in pages that are nobody's. Whoever wants the place gets it: the system calls that lead
//! there are put back first ([`AddressSpace::clear_rewrites`]). They are put back as well before their code can be written or moves.
//!
//! A page of code is never changed under a vCPU that may be executing it. If another one may, or another process shares the frame,
//! the page is replaced by a changed copy; the change then comes with the translation, whole.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};

use lwk_core::page_table::Level;
use lwk_core::protection::Protection;
use lwk_core::rewrite::{Offset, PATCH_BYTES, Plan, TRAMPOLINE_BYTES, Trampoline};
use lwk_core::vma::{Backing, Vma, VmaFlags};
use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
use virtio_ikc::layout::{PROGRAM_END, PROGRAM_START};

use super::page_table::{CHARGED, OWNED, Released, leaf_flags};
use super::space::AddressSpace;
use super::{commit, frames};
use crate::arch::direct_map;
use crate::errno::Errno;
use crate::{schedule, statistics};

/// At which trap a system call is replaced: one that is seen again will be seen more often.
const TRAPS: u8 = 2;
/// Marks a system call that stays as it is.
const NEVER: u8 = u8::MAX;
/// The most trampolines of an address space, those included whose places have been given away: a program that takes one place after the
/// other must not make the list of them grow for ever.
const MOST_TRAMPOLINES: usize = 2048;
/// Room that is left for the heap to grow.
const HEAP_ROOM: u64 = 1 << 30;
const SYSCALL_BYTES: u64 = 2;
/// How many bytes in front of a system call and from it on are looked at.
const LOOK_BEFORE: u64 = 16;
const LOOK_BYTES: u64 = 18;

/// How often places of trampolines have been given to others, in any address space: who came by a trampoline looks whether it may still be
/// there.
static CLEARED: AtomicU64 = AtomicU64::new(0);

/// The value of that count.
pub fn cleared() -> u64 {
    CLEARED.load(Ordering::SeqCst)
}

/// A replaced system call.
#[derive(Clone, Copy)]
struct Site {
    trampoline: Trampoline,
    /// What the jump replaced.
    original: [u8; PATCH_BYTES],
    /// False once it has been put back.
    is_replaced: bool,
}

impl Site {
    /// Where the `syscall` is, or was.
    fn call(&self) -> u64 {
        self.trampoline.behind - SYSCALL_BYTES
    }
}

/// A trampoline whose place has been given away while threads may have been in it.
#[derive(Clone)]
struct Ghost {
    trampoline: Trampoline,
    /// The value of [`cleared`] since.
    since: u64,
}

/// What is known of an address space's system calls.
#[derive(Clone, Default)]
pub struct Rewrites {
    /// Those that have been replaced, by the addresses of the jumps.
    sites: BTreeMap<u64, Site>,
    /// How often they have trapped, by the addresses behind them.
    traps: BTreeMap<u64, u8>,
    /// Every trampoline, by where it begins. One stays when its system call has been put back: a thread may be in it.
    trampolines: BTreeMap<u64, Trampoline>,
    /// The pages that they are in.
    pages: BTreeSet<u64>,
    ghosts: Vec<Ghost>,
}

/// What an address means that a program was interrupted at.
#[derive(Clone, Copy)]
pub enum Interrupted {
    /// It is the program's own.
    Program,
    /// A system call is being made by a trampoline with this tail; it returns to `behind`.
    Calling { tail: u64, behind: u64 },
    /// It stands for `address`; `returned` if RCX is not what SYSCALL leaves there yet.
    Moved { address: u64, returned: bool },
}

impl AddressSpace {
    /// The system call in front of `behind` has trapped; it returns if `returns`. Replaces it if it is worth it and can be done. `table` is what
    /// a trampoline finds the entry code by; `is_alone` if no other vCPU can be in this address space. Whether it is replaced now.
    pub fn note_trap(&mut self, behind: u64, returns: bool, table: u64, is_alone: bool) -> bool {
        let traps = self.rewrites.traps.entry(behind).or_default();
        if *traps == NEVER {
            return false;
        }
        *traps = (*traps + 1).min(TRAPS);
        if *traps < TRAPS {
            return false;
        }
        let done = self.replace(behind, returns, table, is_alone).is_some();
        if done {
            statistics::rewritten();
        } else if returns {
            // Where exit(2) stays, other calls that are made by the same instruction may still show what is behind it.
            self.rewrites.traps.insert(behind, NEVER);
        }
        done
    }

    fn replace(&mut self, behind: u64, returns: bool, table: u64, is_alone: bool) -> Option<()> {
        let call = behind - SYSCALL_BYTES;
        let area = self.areas.find(call).filter(|area| is_code(area)).copied()?;
        let page = call & !(PAGE_SIZE - 1);
        let first = (call - LOOK_BEFORE).max(page).max(area.start);
        let code = self.code_at(first..(call + LOOK_BYTES).min(page + PAGE_SIZE).min(area.end))?;
        let at = usize::try_from(call - first).ok()?;
        if code.get(at..at + 2)? != [0x0f, 0x05] {
            return None;
        }
        let plan = if returns { Plan::of(&code, at) } else { Plan::of_last(&code, at) }?;
        let code = &code[at - plan.before..];
        let trampoline = self.trampoline_for(behind, plan)?;
        let bytes = trampoline.bytes(table, code)?;
        self.write_code(trampoline.start, &bytes, true)?;
        self.rewrites.trampolines.insert(trampoline.start, trampoline);
        let original = code.get(..PATCH_BYTES)?.try_into().ok()?;
        let site = trampoline.site();
        let patch = Plan::patch(plan.displacement(site, trampoline.start)?);
        self.rewrites.sites.insert(site, Site { trampoline, original, is_replaced: true });
        if self.write_code(site, &patch, is_alone).is_none() {
            self.rewrites.sites.remove(&site);
            return None;
        }
        Some(())
    }

    /// The code in `range`, which lies in one page.
    fn code_at(&self, range: Range<u64>) -> Option<Vec<u8>> {
        let mapping = self.table.find(range.start).filter(|mapping| mapping.entry.flags().contains(OWNED))?;
        let mut bytes = alloc::vec![0; usize::try_from(range.end - range.start).ok()?];
        direct_map::read(mapping.physical(range.start), &mut bytes);
        Some(bytes)
    }

    /// A free place for the trampoline of the system call that returns to `behind`.
    fn trampoline_for(&mut self, behind: u64, plan: Plan) -> Option<Trampoline> {
        let trampolines = &self.rewrites.trampolines;
        if trampolines.len() + self.rewrites.ghosts.len() >= MOST_TRAMPOLINES {
            return None;
        }
        let site = Trampoline { start: 0, behind, plan }.site();
        let usable = |start: &u64| !trampolines.contains_key(start) && plan.displacement(site, *start).is_some();
        let in_page = |page: u64| (page..page + PAGE_SIZE).step_by(64);
        let known = self.rewrites.pages.iter().copied().flat_map(in_page).find(usable);
        if let Some(start) = known {
            return Some(Trampoline { start, behind, plan });
        }
        let places = Plan::places(site).map(|place| place.next_multiple_of(TRAMPOLINE_BYTES));
        let mut allowed = places.filter(|start| plan.displacement(site, *start).is_some());
        let start = allowed.find(|start| self.is_nobodys(*start))?;
        self.add_page(start & !(PAGE_SIZE - 1)).ok()?;
        Some(Trampoline { start, behind, plan })
    }

    fn is_nobodys(&self, start: u64) -> bool {
        let page = start & !(PAGE_SIZE - 1);
        let heap = self.heap.start..self.heap.end.saturating_add(HEAP_ROOM);
        (PROGRAM_START..PROGRAM_END - PAGE_SIZE).contains(&page)
            && !heap.contains(&page)
            && !self.rewrites.pages.contains(&page)
            && self.areas.is_free(&(page..page + PAGE_SIZE))
    }

    fn add_page(&mut self, page: u64) -> Result<(), Errno> {
        commit::charge(PAGE_SIZE)?;
        let frame = frames::allocate_zeroed(0);
        let flags = leaf_flags(Protection::READ | Protection::EXECUTE, Level::Table, OWNED | CHARGED);
        let entered = frame.ok_or(Errno::ENOMEM).and_then(|frame| self.table.map(page, Level::Table, frame, flags));
        if entered.is_err() {
            commit::uncharge(PAGE_SIZE);
            if let Some(frame) = frame {
                frames::free_run(frame, 1);
            }
        }
        entered?;
        self.rewrites.pages.insert(page);
        Ok(())
    }

    /// Writes code into one page: in place if nobody else can see or execute it, otherwise into a copy that takes the page's place.
    fn write_code(&mut self, address: u64, bytes: &[u8], is_alone: bool) -> Option<()> {
        let page = address & !(PAGE_SIZE - 1);
        let mapping = self.table.find(page).filter(|mapping| mapping.entry.flags().contains(OWNED))?;
        let frame = mapping.physical(page);
        if is_alone && !frames::is_shared(frame, 1) {
            direct_map::write(mapping.physical(address), bytes);
            return Some(());
        }
        // A large page is split first.
        self.table.visit(page..page + PAGE_SIZE, &mut |_, _, _| {}).ok()?;
        let flags = self.table.find(page)?.entry.flags();
        let copy = frames::allocate_run(1)?;
        direct_map::copy(frame, copy, PAGE_SIZE);
        direct_map::write(GuestPhysical(copy.0 + (address - page)), bytes);
        self.table.map(page, Level::Table, copy, flags).ok()?;
        let start = page & !(mapping.level.entry_bytes() - 1);
        self.flush(&(start..start + mapping.level.entry_bytes()));
        frames::free_run(frame, 1);
        Some(())
    }

    /// Where the program goes on in a trampoline when it is to go on at `address`.
    pub fn moved_place(&self, address: u64) -> Option<u64> {
        let mut replaced = self.rewrites.sites_at(address).filter(|(_, site)| site.is_replaced);
        replaced.find_map(|(start, Site { trampoline, .. })| {
            trampoline.plan.begins_at(address - start).then(|| trampoline.copy_of(address - start))
        })
    }

    /// Whether the invalid byte that the program met at `address` was ours and is there no more.
    pub fn was_put_back(&self, address: u64) -> bool {
        self.rewrites.sites_at(address).filter(|(_, site)| !site.is_replaced).any(|(start, site)| {
            let code = self.code_at(start..start + PATCH_BYTES as u64);
            code.is_some_and(|code| code == site.original)
        })
    }

    /// What `address` means, at which a thread was interrupted; [`cleared`] had the value `seen` when it was in the LWK before.
    pub fn interrupted_at(&self, address: u64, seen: u64) -> Interrupted {
        let Some(trampoline) = self.rewrites.trampoline_at(address, seen) else { return Interrupted::Program };
        let behind = trampoline.behind;
        match trampoline.meaning(address) {
            Offset::Before(bytes) => Interrupted::Moved { address: trampoline.site() + bytes, returned: false },
            Offset::Head => Interrupted::Calling { tail: trampoline.tail(), behind },
            Offset::Returned => Interrupted::Moved { address: behind, returned: true },
            Offset::Behind(bytes) => Interrupted::Moved { address: behind + bytes, returned: false },
        }
    }

    /// Puts the system calls in `range` back: their code is about to be writable, or to move.
    pub(super) fn put_back(&mut self, range: &Range<u64>) -> Result<(), Errno> {
        let is_meant = |site: &Site| site.is_replaced && range.contains(&site.call());
        let sites: Vec<Site> = self.rewrites.sites.values().filter(|site| is_meant(site)).copied().collect();
        for site in sites {
            let start = site.trampoline.site();
            self.write_code(start, &site.original, false).ok_or(Errno::ENOMEM)?;
            self.rewrites.sites.insert(start, Site { is_replaced: false, ..site });
            // Whoever writes code may write another call to the same place.
            self.rewrites.traps.insert(site.trampoline.behind, NEVER);
        }
        Ok(())
    }

    /// Forgets the system calls in `range`, whose code is no more, and gives the range up if trampolines lie in it.
    pub(super) fn clear_rewrites(&mut self, range: &Range<u64>) -> Result<(), Errno> {
        self.rewrites.forget(range);
        let pages: Vec<u64> = self.rewrites.pages.range(range.start & !(PAGE_SIZE - 1)..range.end).copied().collect();
        if pages.is_empty() {
            return Ok(());
        }
        let is_in = |trampoline: &Trampoline| pages.contains(&(trampoline.start & !(PAGE_SIZE - 1)));
        let sites = self.rewrites.sites.values();
        let users: Vec<u64> = sites.filter(|site| is_in(&site.trampoline)).map(Site::call).collect();
        for call in users {
            self.put_back(&(call..call + 1))?;
            // It may get a trampoline at another place.
            self.rewrites.forget(&(call..call + 1));
        }
        self.leave_pages(&pages)
    }

    /// Gives `pages` back, to which no system call leads any more. A vCPU that is in one is interrupted; what it finds out then is where it was.
    fn leave_pages(&mut self, pages: &[u64]) -> Result<(), Errno> {
        let since = CLEARED.fetch_add(1, Ordering::SeqCst) + 1;
        schedule::barrier(Some(self.table.root()));
        let mut released = Released::default();
        for page in pages {
            self.table.visit(*page..page + PAGE_SIZE, &mut |_, level, entry| released.take(level, entry))?;
            self.rewrites.pages.remove(page);
            let gone = self.rewrites.trampolines.extract_if(*page..*page + PAGE_SIZE, |_, _| true);
            let ghosts = gone.map(|(_, trampoline)| Ghost { trampoline, since });
            self.rewrites.ghosts.extend(ghosts.collect::<Vec<_>>());
        }
        for page in pages {
            self.flush(&(*page..page + PAGE_SIZE));
        }
        released.free();
        Ok(())
    }

    /// Gives `child`, which has the same code, the same trampolines.
    pub(super) fn copy_rewrites(&self, child: &mut Self) -> Result<(), Errno> {
        for page in &self.rewrites.pages {
            let Some(mapping) = self.table.find(*page) else { continue };
            commit::charge(PAGE_SIZE)?;
            let frame = mapping.physical(*page);
            frames::share_run(frame, 1);
            if let Err(error) = child.table.map(*page, Level::Table, frame, mapping.entry.flags()) {
                frames::free_run(frame, 1);
                commit::uncharge(PAGE_SIZE);
                return Err(error);
            }
        }
        child.rewrites = Rewrites { ghosts: Vec::new(), ..self.rewrites.clone() };
        Ok(())
    }
}

impl Rewrites {
    /// Forgets the system calls in `range`, whose code is no more, or is as it was.
    pub(super) fn forget(&mut self, range: &Range<u64>) {
        // Whatever was replaced has trapped.
        let behind = range.start.saturating_add(SYSCALL_BYTES)..range.end.saturating_add(SYSCALL_BYTES);
        if self.traps.range(behind.clone()).next().is_none() {
            return;
        }
        let starts = range.start.saturating_sub(PATCH_BYTES as u64)..range.end;
        self.sites.extract_if(starts, |_, site| range.contains(&site.call())).for_each(drop);
        self.traps.extract_if(behind, |_, _| true).for_each(drop);
    }

    /// The system calls that were replaced by jumps in which `address` lies, and where those begin. More than one if code has been written
    /// again.
    fn sites_at(&self, address: u64) -> impl Iterator<Item = (u64, &Site)> {
        let first = address.saturating_sub(PATCH_BYTES as u64 - 1);
        self.sites.range(first..=address).map(|(start, site)| (*start, site))
    }

    /// The trampoline that holds `address`: one of now, or one of which a thread that was last here at `seen` cannot know that it is gone.
    fn trampoline_at(&self, address: u64, seen: u64) -> Option<&Trampoline> {
        let holds = |trampoline: &&Trampoline| address - trampoline.start < TRAMPOLINE_BYTES;
        let found = self.trampolines.range(..=address).next_back().map(|(_, trampoline)| trampoline).filter(holds);
        let is_seen = |ghost: &&Ghost| {
            let start = ghost.trampoline.start;
            (start..start + TRAMPOLINE_BYTES).contains(&address) && ghost.since > seen
        };
        found.or_else(|| self.ghosts.iter().find(is_seen).map(|ghost| &ghost.trampoline))
    }
}

/// Whether code in `area` may be replaced: the program's own, which it cannot write.
fn is_code(area: &Vma) -> bool {
    let is_private = !area.flags.intersects(VmaFlags::SHARED | VmaFlags::SPECIAL);
    let is_ordinary = matches!(area.backing, Backing::File { .. } | Backing::Anonymous);
    let runs_only = area.protection.contains(Protection::EXECUTE) && !area.protection.is_writable();
    is_private && is_ordinary && runs_only
}
