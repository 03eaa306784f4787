//! When the other side wants to be told (virtio 1.2, 2.7.7.2 and 2.7.10).

/// Whether moving an index from `old` to `new` passes the entry `event` at which the other side asked to be
/// notified. All three run freely and wrap.
pub(super) const fn passes(event: u16, new: u16, old: u16) -> bool {
    new.wrapping_sub(event).wrapping_sub(1) < new.wrapping_sub(old)
}

/// An event index that the entry after `next` does not pass, nor any of the 65,534 behind it.
pub(super) const fn never(next: u16) -> u16 {
    next.wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_entry_asked_for_notifies() {
        for next in [0, 1, 63, 0x7fff, 0x8000, u16::MAX] {
            assert!(passes(next, next.wrapping_add(1), next));
            assert!(!passes(next.wrapping_add(1), next.wrapping_add(1), next));
            assert!(passes(next.wrapping_add(1), next.wrapping_add(2), next));
            assert!(!passes(never(next), next.wrapping_add(1), next));
        }
    }

    #[test]
    fn an_index_that_does_not_move_never_notifies() {
        assert!((0..=u16::MAX).all(|event| !passes(event, 7, 7)));
    }
}
