//! `maps`: one line an area (proc(5)).

use lwk_core::protection::Protection;
use lwk_core::vma::{Backing, Vma, VmaFlags};

use super::areas::Areas;
use super::text::Text;

/// The column that names begin behind, on machines of 64 bits.
const NAME_COLUMN: usize = 72;
/// Device of anonymous shared memory.
const SHARED_MEMORY: (u64, u64) = (0, 1);

/// The whole file.
pub fn text(areas: &Areas) -> Text {
    let mut text = Text::new();
    for piece in &areas.list {
        line(&mut text, &piece.area, areas);
    }
    text
}

/// The line of one area.
pub fn line(text: &mut Text, area: &Vma, areas: &Areas) {
    let begin = text.len();
    let has = |protection, letter| if area.protection.contains(protection) { letter } else { '-' };
    let [read, write, execute] =
        [has(Protection::READ, 'r'), has(Protection::WRITE, 'w'), has(Protection::EXECUTE, 'x')];
    let kind = if area.flags.contains(VmaFlags::SHARED) { 's' } else { 'p' };
    let file = match area.backing {
        Backing::File { handle, .. } => areas.names.get(handle),
        _ => None,
    };
    let offset = if let Backing::File { offset, .. } = area.backing { offset } else { 0 };
    let is_shared_memory = matches!(area.backing, Backing::Shared { .. });
    let (major, minor) = match file {
        Some(file) => numbers(file.device),
        None if is_shared_memory => SHARED_MEMORY,
        None => (0, 0),
    };
    let inode = file.map_or(u64::from(is_shared_memory), |file| file.inode);
    text.put(format_args!(
        "{:08x}-{:08x} {read}{write}{execute}{kind} {offset:08x} {major:02x}:{minor:02x} {inode} ",
        area.start, area.end
    ));
    let path = file.map_or_else(|| name(area, areas), |file| file.path.as_slice());
    if !path.is_empty() {
        let width = NAME_COLUMN.saturating_sub(text.len() - begin);
        text.put(format_args!("{:width$} ", ""));
        escaped(text, path);
    }
    text.push(b"\n");
}

/// What an area is called that is no file's.
fn name(area: &Vma, areas: &Areas) -> &'static [u8] {
    match area.backing {
        Backing::Special(crate::process::loader::VDSO) => b"[vdso]",
        Backing::Special(_) => b"[vvar]",
        Backing::Shared { .. } => b"/dev/zero (deleted)",
        Backing::Anonymous if area.flags.contains(VmaFlags::HEAP) => b"[heap]",
        Backing::Anonymous if area.contains(areas.space.program.stack) => b"[stack]",
        _ => b"",
    }
}

/// Newlines would end the line.
fn escaped(text: &mut Text, path: &[u8]) {
    for part in path.split_inclusive(|byte| *byte == b'\n') {
        match part.strip_suffix(b"\n") {
            Some(part) => {
                text.push(part);
                text.push(b"\\012");
            }
            None => text.push(part),
        }
    }
}

/// Major and minor number of a device (makedev(3)).
fn numbers(device: u64) -> (u64, u64) {
    ((device >> 8 & 0xfff) | (device >> 32 & 0xffff_f000), (device & 0xff) | (device >> 12 & 0xffff_ff00))
}
