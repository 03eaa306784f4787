//! The LWK's image: an ELF file whose first byte is an [`ImageHeader`].

use std::ops::Range;

use elf::ElfBytes;
use elf::abi::{PF_W, PF_X, PT_LOAD};
use elf::endian::LittleEndian;
use virtio_ikc::address::{GuestPhysical, PAGE_SIZE};
use virtio_ikc::boot::{EntryCode, IMAGE_MAGIC, ImageHeader, Privilege};
use virtio_ikc::layout::{IMAGE_PHYSICAL, LWK_IMAGE, PROGRAM_END, vcpu_area};
use virtio_ikc::message::VERSION;
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

use super::BootError;
use super::page_tables::Rights;
use crate::arch::plain;

static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/lwk.elf"));

/// The file of the image that is part of this executable.
#[must_use]
pub fn embedded() -> &'static [u8] {
    EMBEDDED
}

/// A part of the image with rights of its own.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) virtual_address: u64,
    pub(super) physical: GuestPhysical,
    pub(super) rights: Rights,
    length: u64,
    content: Range<usize>,
}

impl Segment {
    /// Bytes of the pages it occupies.
    pub(super) const fn pages(&self) -> u64 {
        self.length.next_multiple_of(PAGE_SIZE)
    }
}

/// A checked image.
#[derive(Debug)]
pub struct Image<'a> {
    file: &'a [u8],
    header: ImageHeader,
    segments: Vec<Segment>,
}

impl<'a> Image<'a> {
    /// Reads and checks the image in `file`.
    ///
    /// # Errors
    /// [`BootError::Image`] when it is none, [`BootError::Version`] when it is another version's.
    pub fn parse(file: &'a [u8]) -> Result<Self, BootError> {
        let elf = ElfBytes::<LittleEndian>::minimal_parse(file).map_err(|error| unusable(&error.to_string()))?;
        let headers = elf.segments().ok_or_else(|| unusable("it has no segments"))?;
        let loaded = headers.iter().filter(|header| header.p_type == PT_LOAD);
        let segments = loaded.map(|header| segment(file, &header)).collect::<Result<Vec<_>, _>>()?;
        let first = segments.iter().find(|segment| segment.virtual_address == LWK_IMAGE);
        let first = first.ok_or_else(|| unusable("nothing lies at its address"))?;
        let header: ImageHeader =
            plain::from_bytes(&file[first.content.clone()]).ok_or_else(|| unusable("it has no header"))?;
        let image = Self { file, header, segments };
        image.check()?;
        Ok(image)
    }

    fn check(&self) -> Result<(), BootError> {
        if self.header.magic != IMAGE_MAGIC {
            return Err(unusable("its header is none"));
        }
        if self.header.version != u64::from(VERSION) {
            return Err(BootError::Version { found: self.header.version, expected: u64::from(VERSION) });
        }
        for code in self.header.entry_code {
            if code.length > vcpu_area::CODE_BYTES || self.bytes(code.start, code.length).is_none() {
                return Err(unusable("its entry code does not fit"));
            }
        }
        Ok(())
    }

    /// The first instruction.
    pub(super) const fn entry(&self) -> u64 {
        self.header.entry
    }

    /// The entry code for a privilege mode.
    pub(super) fn entry_code(&self, privilege: Privilege) -> EntryCode {
        self.header.entry_code[usize::from(privilege == Privilege::RING3)]
    }

    /// What the file has for `length` bytes at the guest-virtual address `start`.
    pub(super) fn bytes(&self, start: u64, length: u64) -> Option<&'a [u8]> {
        let length = usize::try_from(length).ok()?;
        self.segments.iter().find_map(|segment| {
            let offset = usize::try_from(start.checked_sub(segment.virtual_address)?).ok()?;
            self.file[segment.content.clone()].get(offset..offset.checked_add(length)?)
        })
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Copies the image into fresh memory. Answers where it ends.
    pub(super) fn load(&self, memory: &GuestMemoryMmap) -> Result<GuestPhysical, BootError> {
        let mut end = GuestPhysical(IMAGE_PHYSICAL);
        for segment in &self.segments {
            let content = &self.file[segment.content.clone()];
            let written = memory.write_slice(content, GuestAddress(segment.physical.as_u64()));
            written.map_err(|_| BootError::NoMemory)?;
            end = end.max(GuestPhysical(segment.physical.as_u64() + segment.pages()));
        }
        Ok(end)
    }
}

fn segment(file: &[u8], header: &elf::segment::ProgramHeader) -> Result<Segment, BootError> {
    let range = || {
        let start = usize::try_from(header.p_offset).ok()?;
        let content = start..start.checked_add(usize::try_from(header.p_filesz).ok()?)?;
        let end = header.p_vaddr.checked_add(header.p_memsz)?;
        let inside = header.p_vaddr >= LWK_IMAGE && end <= 2 * PROGRAM_END && header.p_filesz <= header.p_memsz;
        let aligned = header.p_vaddr.is_multiple_of(PAGE_SIZE);
        (file.get(content.clone()).is_some() && inside && aligned).then_some(content)
    };
    let content = range().ok_or_else(|| unusable("a segment lies outside the file or its slot"))?;
    let rights = match (header.p_flags & PF_X != 0, header.p_flags & PF_W != 0) {
        (true, false) => Rights::CODE,
        (false, false) => Rights::CONSTANT,
        (false, true) => Rights::DATA,
        (true, true) => return Err(unusable("a segment is writable and executable")),
    };
    Ok(Segment {
        virtual_address: header.p_vaddr,
        physical: GuestPhysical(header.p_vaddr - LWK_IMAGE + IMAGE_PHYSICAL),
        rights,
        length: header.p_memsz,
        content,
    })
}

fn unusable(reason: &str) -> BootError {
    BootError::Image(reason.to_owned())
}
