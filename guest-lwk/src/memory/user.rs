//! Pointers of programs: claims that are checked page by page, then read through the direct map. The LWK never follows one.

use alloc::vec;
use alloc::vec::Vec;

use lwk_core::page_table::EntryFlags;
use smallvec::SmallVec;
use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
use virtio_ikc::layout::PROGRAM_END;
use virtio_ikc::message::Segment;

use super::fault::FAULT_WRITE;
use super::space::AddressSpace;
use crate::arch::direct_map::{self, Plain};
use crate::errno::Errno;

/// What is going to be done with memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// It is read.
    Read,
    /// It is written.
    Write,
}

/// A run of a program's memory as segments, as far as it could be reached.
#[derive(Default, Debug)]
pub struct Reached {
    /// The memory.
    pub segments: SmallVec<[Segment; 4]>,
    /// Bytes in it.
    pub length: u64,
}

impl AddressSpace {
    /// Where `address` is in memory and how many bytes follow it there, populated if need be.
    pub fn translate(&mut self, address: u64, access: Access) -> Result<(GuestPhysical, u64), Errno> {
        for _ in 0..3 {
            if address >= PROGRAM_END {
                return Err(Errno::EFAULT);
            }
            if let Some(mapping) = self.table.find(address) {
                let wanted = match access {
                    Access::Read => EntryFlags::PRESENT,
                    Access::Write => EntryFlags::PRESENT | EntryFlags::WRITABLE,
                };
                if mapping.entry.flags().contains(wanted) {
                    return Ok((mapping.physical(address), mapping.remaining(address)));
                }
                if access == Access::Read {
                    return Err(Errno::EFAULT);
                }
            }
            let error = if access == Access::Write { FAULT_WRITE } else { 0 };
            self.resolve_fault(address, error).map_err(|_| Errno::EFAULT)?;
        }
        Err(Errno::EFAULT)
    }

    /// The memory of `length` bytes at `address`, up to the first that may not be accessed so.
    pub fn reach(&mut self, address: u64, length: u64, access: Access) -> Reached {
        let mut reached = Reached::default();
        while reached.length < length {
            let Some(at) = address.checked_add(reached.length) else { break };
            let Ok((physical, rest)) = self.translate(at, access) else { break };
            let rest = rest.min(length - reached.length);
            reached.length += rest;
            match reached.segments.last_mut() {
                Some(last) if last.address.0 + last.length == physical.0 => last.length += rest,
                _ => reached.segments.push(Segment { address: physical, length: rest }),
            }
        }
        reached
    }

    /// Copies a program's memory.
    pub fn copy_in(&mut self, address: u64, to: &mut [u8]) -> Result<(), Errno> {
        let mut done = 0;
        while done < to.len() {
            let at = address.checked_add(done as u64).ok_or(Errno::EFAULT)?;
            let (physical, rest) = self.translate(at, Access::Read)?;
            let count = usize::try_from(rest).unwrap_or(usize::MAX).min(to.len() - done);
            direct_map::read(physical, &mut to[done..done + count]);
            done += count;
        }
        Ok(())
    }

    /// Copies to a program's memory.
    pub fn copy_out(&mut self, address: u64, from: &[u8]) -> Result<(), Errno> {
        let mut done = 0;
        while done < from.len() {
            let at = address.checked_add(done as u64).ok_or(Errno::EFAULT)?;
            let (physical, rest) = self.translate(at, Access::Write)?;
            let count = usize::try_from(rest).unwrap_or(usize::MAX).min(from.len() - done);
            direct_map::write(physical, &from[done..done + count]);
            done += count;
        }
        Ok(())
    }

    /// Writes to memory that the program itself may only read, as the loader must.
    pub fn copy_out_forced(&mut self, address: u64, from: &[u8]) -> Result<(), Errno> {
        let mut done = 0;
        while done < from.len() {
            let at = address + done as u64;
            if self.table.find(at).is_none() {
                self.populate_around(at).map_err(|_| Errno::EFAULT)?;
            }
            let mapping = self.table.find(at).ok_or(Errno::EFAULT)?;
            let count = usize::try_from(mapping.remaining(at)).unwrap_or(usize::MAX).min(from.len() - done);
            direct_map::write(mapping.physical(at), &from[done..done + count]);
            done += count;
        }
        Ok(())
    }

    /// Reads plain data.
    pub fn read<T: Plain + Default>(&mut self, address: u64) -> Result<T, Errno> {
        let mut value = T::default();
        self.copy_in(address, direct_map::bytes_of_mut(&mut value))?;
        Ok(value)
    }

    /// Writes plain data.
    pub fn write<T: Plain>(&mut self, address: u64, value: &T) -> Result<(), Errno> {
        self.copy_out(address, direct_map::bytes_of(value))
    }

    /// How long the string at `address` is, its NUL left out: at most `most`. Fails with EFAULT if it leaves the program's memory
    /// before.
    pub fn string_length(&mut self, address: u64, most: u64) -> Result<u64, Errno> {
        let mut length = 0;
        let mut page = [0; 256];
        while length < most {
            let at = address.checked_add(length).ok_or(Errno::EFAULT)?;
            let (physical, rest) = self.translate(at, Access::Read)?;
            let count = rest.min(PAGE_SIZE).min(most - length).min(page.len() as u64);
            let piece = &mut page[..usize::try_from(count).unwrap_or(0)];
            direct_map::read(physical, piece);
            if let Some(end) = piece.iter().position(|byte| *byte == 0) {
                return Ok(length + end as u64);
            }
            length += count;
        }
        Ok(most)
    }

    /// The string at `address`, its NUL left out; at most `most` bytes.
    pub fn read_string(&mut self, address: u64, most: u64) -> Result<Vec<u8>, Errno> {
        let length = self.string_length(address, most)?;
        let mut text = vec![0; usize::try_from(length).map_err(|_| Errno::EFAULT)?];
        self.copy_in(address, &mut text)?;
        Ok(text)
    }
}
