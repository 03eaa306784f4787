//! A random order of 2^n numbers that needs no memory.
//!
//! It is the counter 0, 1, 2, ... seen through a bijection. Because the bijection can be inverted, the number that
//! comes after a given one can be computed alone: a chain in this order is filled from end to end in a second, where
//! a shuffle of 2^24 cache lines would itself make as many random accesses.

/// Odd, so that multiplying by them modulo a power of two can be undone.
const FACTORS: [u32; 2] = [0x9e37_79b1, 0x85eb_ca6b];

/// An order of the numbers below 2^n.
pub(crate) struct Order {
    mask: u32,
    /// At least n/2, so that the shift-and-xor is its own inverse.
    shift: u32,
}

impl Order {
    /// Of the numbers below 2^`bits`, with `bits` from 1 to 31.
    pub(crate) fn new(bits: u32) -> Self {
        Self { mask: (1 << bits) - 1, shift: bits.div_ceil(2) }
    }

    /// The number that comes after `number`.
    pub(crate) fn after(&self, number: u32) -> u32 {
        self.mix(self.unmix(number).wrapping_add(1) & self.mask)
    }

    fn mix(&self, counter: u32) -> u32 {
        FACTORS.iter().fold(counter, |value, factor| self.fold(value.wrapping_mul(*factor) & self.mask))
    }

    fn unmix(&self, number: u32) -> u32 {
        FACTORS.iter().rev().fold(number, |value, factor| self.fold(value).wrapping_mul(inverse(*factor)) & self.mask)
    }

    fn fold(&self, value: u32) -> u32 {
        value ^ (value >> self.shift)
    }
}

/// Of an odd number modulo 2^32, by Newton's iteration: each step doubles the number of right bits, from 3.
const fn inverse(odd: u32) -> u32 {
    let mut guess = odd;
    let mut step = 0;
    while step < 4 {
        guess = guess.wrapping_mul(2_u32.wrapping_sub(odd.wrapping_mul(guess)));
        step += 1;
    }
    guess
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unmixing_undoes_mixing() {
        for bits in [1, 2, 7, 24, 31] {
            let order = Order::new(bits);
            for counter in (0..=order.mask).step_by(1 << bits.saturating_sub(10)) {
                assert_eq!(order.unmix(order.mix(counter)), counter, "{bits} bits");
            }
        }
    }

    #[test]
    fn neighbours_in_the_order_are_far_apart() {
        let order = Order::new(24);
        let pages = 64;
        let near = (0..10_000_u32).filter(|&number| order.after(number).abs_diff(number) < pages).count();
        assert!(near < 10, "{near} of 10000 steps stay on the page");
    }
}
