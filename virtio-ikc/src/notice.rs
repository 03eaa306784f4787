//! The notice board: who has something for whom.
//!
//! There are as many queues as processes, more than anybody could look at one by one. So each process has a place on a
//! board of two bit maps, one for each direction, and whoever rings (the LWK by the doorbell, the agent by an interrupt) first
//! sets the bit of the place it means. Whoever was rung takes whole words and looks at the places whose bits were set. A bit
//! says "look", never "there is something": it may be set without need.
//!
//! Place 0 is the agent's (its queue of events), place 1 the first process's.

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

/// The offset (in a bit map) of the word of `place`, and its bit.
#[must_use]
pub const fn bit_of(place: usize) -> (u64, u64) {
    ((place / 64 * 8) as u64, 1 << (place % 64))
}

const _: () = assert!(WORDS * 16 <= 4096);
