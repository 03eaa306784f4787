//! How often an excess of which size occurred, in buckets that grow: noise spans six orders of magnitude.

use serde::Serialize;

use super::plan::float;

/// Where buckets begin, in nanoseconds; the first begins at 0 and the last has no end.
const EDGES: [u32; 14] = [
    100,
    300,
    1_000,
    3_000,
    10_000,
    30_000,
    100_000,
    300_000,
    1_000_000,
    3_000_000,
    10_000_000,
    30_000_000,
    100_000_000,
    300_000_000,
];

/// A bucket.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Bucket {
    /// The smallest excess, in nanoseconds.
    pub(super) from: u32,
    /// What is too large already; none in the last bucket.
    pub(super) below: Option<u32>,
    /// Quanta.
    pub(super) count: usize,
}

/// Counts the quanta, whose ticks are in rising order.
pub(super) fn count(sorted: &[u64], fastest: u64, nanoseconds: f64) -> Vec<Bucket> {
    let below = |edge: u32| {
        sorted.partition_point(|ticks| float(ticks.saturating_sub(fastest)) * nanoseconds < f64::from(edge))
    };
    let begins = std::iter::once(0).chain(EDGES);
    let ends = EDGES.into_iter().map(Some).chain([None]);
    let mut counted = 0;
    let bucket = |(from, end): (u32, Option<u32>)| {
        let reached = end.map_or(sorted.len(), below);
        let count = reached - std::mem::replace(&mut counted, reached);
        Bucket { from, below: end, count }
    };
    begins.zip(ends).map(bucket).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_edge_belongs_to_the_bucket_that_it_begins() {
        let counts: Vec<usize> =
            count(&[1000, 1099, 1100, 1300, 5_000_000_000], 1000, 1.0).iter().map(|bucket| bucket.count).collect();
        assert_eq!((counts[0], counts[1], counts[2], counts[14]), (2, 1, 1, 1));
    }

    proptest! {
        #[test]
        fn every_quantum_is_in_one_bucket(mut values in prop::collection::vec(1..u64::from(u32::MAX), 0..100)) {
            values.sort_unstable();
            let fastest = values.first().copied().unwrap_or(0);
            let all: usize = count(&values, fastest, 0.4).iter().map(|bucket| bucket.count).sum();
            prop_assert_eq!(all, values.len());
        }
    }
}
