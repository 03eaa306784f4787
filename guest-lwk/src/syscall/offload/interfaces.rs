//! `SIOCGIFCONF` (netdevice(7)): its argument points to a structure that points to the list, so Linux is asked for one interface after
//! another, and the list is made here.

use alloc::boxed::Box;
use alloc::vec::Vec;

use virtio_ikc::message::{Direction, Role, Segment};
use virtio_ikc::table::Call;

use crate::arch::direct_map;
use crate::errno::{Errno, SysResult, from_register};
use crate::ikc::request::{self, Draft};
use crate::process::thread::Thread;

const IOCTL: u16 = 16;
const SIOCGIFNAME: u64 = 0x8910;
const SIOCGIFCONF: u64 = 0x8912;
const SIOCGIFADDR: u64 = 0x8915;
/// Bytes of struct ifreq, and where it has its index.
const REQUEST_BYTES: usize = 40;
const INDEX: usize = 16;
/// How many indices in a row may belong to no interface before there are taken to be no more.
const MOST_MISSING: u32 = 64;

/// Whether the call asks for the list.
pub fn asks_for_list(call: &Call, arguments: &[u64; 6]) -> bool {
    call.number == IOCTL && arguments[1] & 0xffff_ffff == SIOCGIFCONF
}

/// Answers with the interfaces that have an address.
pub fn list(thread: &Thread, arguments: [u64; 6]) -> SysResult {
    let [descriptor, _, address, ..] = arguments;
    let [length, place] = thread.process().space.lock().read::<[u64; 2]>(address)?;
    let room = usize::try_from(length & 0x7fff_ffff).unwrap_or(0);
    let mut entries = interfaces(descriptor)?;
    if place != 0 {
        entries.truncate(room / REQUEST_BYTES);
    }
    let bytes = entries.concat();
    let mut space = thread.process().space.lock();
    if place != 0 {
        space.copy_out(place, &bytes)?;
    }
    space.write(address, &u32::try_from(bytes.len()).unwrap_or(0))?;
    Ok(0)
}

fn interfaces(descriptor: u64) -> Result<Vec<[u8; REQUEST_BYTES]>, Errno> {
    let (mut found, mut missing) = (Vec::new(), 0);
    let mut index = 0_u32;
    while missing < MOST_MISSING {
        index += 1;
        let mut entry = [0; REQUEST_BYTES];
        entry[INDEX..INDEX + 4].copy_from_slice(&index.to_le_bytes());
        match ask(descriptor, SIOCGIFNAME, entry) {
            Ok(mut named) => {
                missing = 0;
                named[INDEX..].fill(0);
                found.extend(ask(descriptor, SIOCGIFADDR, named));
            }
            Err(Errno::ENODEV) => missing += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn ask(descriptor: u64, what: u64, entry: [u8; REQUEST_BYTES]) -> Result<[u8; REQUEST_BYTES], Errno> {
    let memory = Box::new(entry);
    let segment = Segment { address: direct_map::physical_of(memory.as_ref()), length: REQUEST_BYTES as u64 };
    let mut draft = Draft::call(IOCTL, [descriptor, what, 1, 0, 0, 0]);
    draft.buffer(2, Role::WHOLE, Direction::IN_OUT, segment.length, &[segment]);
    from_register(request::send(draft).result)?;
    let mut answer = [0; REQUEST_BYTES];
    direct_map::read(segment.address, &mut answer);
    Ok(answer)
}
