//! The notice board: who has something for whom.
//!
//! There are as many queues as processes, more than anybody could look at one by one. So each process has a place on a
//! board of two bit maps, one for each direction, and whoever rings (the LWK by the doorbell, the agent by an interrupt) first
//! sets the bit of the place it means. Whoever was rung takes whole words and looks at the places whose bits were set. A bit
//! says "look", never "there is something": it may be set without need.
//!
//! Place 0 is the agent's (its queue of events), place 1 the first process's.
//!
//! Beside the maps each vCPU has a word in which it says whether it looks at the board by itself, again and again. Nobody needs to
//! interrupt it then.

use crate::layout::MAX_VCPUS;

/// Places on the board: processes at a time, and the agent.
pub const PLACES: usize = 4096;
/// Words of one bit map.
pub const WORDS: usize = PLACES / 64;
/// The agent's place.
pub const AGENT_PLACE: usize = 0;
/// The first process's place.
pub const FIRST_PLACE: usize = 1;

/// Offset on the board of the bit map that the LWK sets and the agent takes.
pub const TO_AGENT: u64 = 0;
/// Offset on the board of the bit map that proxies and agent set and the LWK takes.
pub const TO_LWK: u64 = (WORDS * 8) as u64;

/// Offset on the board of the vCPUs' words: 1 in the word of one that looks by itself, else 0.
pub const LOOKING: u64 = 4096;
/// From one of these words to the next: each has a cache line of its own.
pub const LOOKING_STRIDE: u64 = 64;
/// Bytes of the board.
pub const BYTES: u64 = LOOKING + MAX_VCPUS as u64 * LOOKING_STRIDE;

/// The offset (in a bit map) of the word of `place`, and its bit.
#[must_use]
pub const fn bit_of(place: usize) -> (u64, u64) {
    ((place / 64 * 8) as u64, 1 << (place % 64))
}

const _: () = assert!(WORDS as u64 * 16 <= LOOKING);
