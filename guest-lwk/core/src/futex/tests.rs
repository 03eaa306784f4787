//! The queues against a model: one list of all waiters, in the order of their arrival at the futex they wait for.

use alloc::vec::Vec;

use proptest::prelude::*;

use super::{Bucket, FutexKey, Kind, Waiter};

const KEYS: u64 = 4;
const FUTEXES: usize = 4;
const QUEUES: usize = 2;

fn key(number: u64) -> FutexKey {
    FutexKey::Physical(number)
}

#[derive(Clone, Debug)]
enum Step {
    Wait { key: u64, bitset: u32 },
    Leave { token: usize },
    Wake { key: u64, count: i32, bitset: u32 },
    Requeue { from: u64, to: u64, wake: usize, requeue: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..KEYS, 1_u32..8).prop_map(|(key, bitset)| Step::Wait { key, bitset }),
        1 => (0_usize..60).prop_map(|token| Step::Leave { token }),
        1 => (0..KEYS, -1_i32..4, 1_u32..8).prop_map(|(key, count, bitset)| Step::Wake { key, count, bitset }),
        1 => (0..KEYS, 0..KEYS, 0_usize..3, 0_usize..3)
            .prop_map(|(from, to, wake, requeue)| Step::Requeue { from, to, wake, requeue }),
    ]
}

/// The waiters of each futex: token and bitset.
#[derive(Default)]
struct Model {
    futexes: [Vec<(usize, u32)>; FUTEXES],
}

impl Model {
    fn of(&mut self, key: u64) -> &mut Vec<(usize, u32)> {
        &mut self.futexes[usize::try_from(key).expect("a small number")]
    }

    fn wake(&mut self, key: u64, count: i32, bitset: u32) -> Vec<usize> {
        let chosen: Vec<usize> =
            self.of(key).iter().filter(|(_, own)| own & bitset != 0).map(|(token, _)| *token).collect();
        let count = usize::try_from(count.max(1)).expect("not negative");
        let chosen: Vec<usize> = chosen.into_iter().take(count).collect();
        self.of(key).retain(|(token, _)| !chosen.contains(token));
        chosen
    }

    fn requeue(&mut self, from: u64, to: u64, wake: usize, requeue: usize) -> (Vec<usize>, Vec<usize>) {
        let woken: Vec<_> = self.of(from).iter().copied().take(wake).collect();
        let moved: Vec<_> = self.of(from).iter().copied().skip(wake).take(requeue).collect();
        self.of(from).retain(|waiter| !woken.contains(waiter));
        if from != to {
            self.of(from).retain(|waiter| !moved.contains(waiter));
            self.of(to).extend(&moved);
        }
        let tokens = |list: Vec<(usize, u32)>| list.into_iter().map(|(token, _)| token).collect();
        (tokens(woken), tokens(moved))
    }
}

/// The queues, and what each waiter remembers of the futex that it waits for.
struct Real {
    buckets: [Bucket<usize>; QUEUES],
    keys: Vec<u64>,
}

impl Real {
    fn bucket(&mut self, key: u64) -> &mut Bucket<usize> {
        &mut self.buckets[usize::try_from(key).expect("a small number") % QUEUES]
    }

    fn wait(&mut self, number: u64, bitset: u32) -> usize {
        let token = self.keys.len();
        self.keys.push(number);
        self.bucket(number).enqueue(Waiter { key: key(number), kind: Kind::Plain, bitset, token });
        token
    }

    fn requeue(&mut self, from: u64, to: u64, wake: usize, requeue: usize) -> (Vec<usize>, Vec<usize>) {
        let [even, odd] = &mut self.buckets;
        let (first, other) = if from.is_multiple_of(2) { (even, odd) } else { (odd, even) };
        let second = (from % 2 != to % 2).then_some(other);
        let done = first.requeue(second, &key(from), &key(to), wake, requeue);
        assert_eq!(done.result, Ok(()));
        for token in &done.moved {
            self.keys[*token] = to;
        }
        (done.woken, done.moved)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn queues_do_what_the_model_does(steps in prop::collection::vec(step(), 0..60)) {
        let mut model = Model::default();
        let mut real = Real { buckets: [Bucket::new(), Bucket::new()], keys: Vec::new() };
        for step in steps {
            match step {
                Step::Wait { key, bitset } => {
                    let token = real.wait(key, bitset);
                    model.of(key).push((token, bitset));
                }
                Step::Leave { token } => {
                    let Some(number) = real.keys.get(token).copied() else { continue };
                    let was_waiting = model.of(number).iter().any(|(other, _)| *other == token);
                    model.of(number).retain(|(other, _)| *other != token);
                    prop_assert_eq!(real.bucket(number).remove(&key(number), &token).is_some(), was_waiting);
                }
                Step::Wake { key: number, count, bitset } => {
                    let woken = real.bucket(number).wake(&key(number), count, bitset);
                    prop_assert_eq!(woken.result, Ok(()));
                    prop_assert_eq!(woken.tokens, model.wake(number, count, bitset));
                }
                Step::Requeue { from, to, wake, requeue } => {
                    prop_assert_eq!(real.requeue(from, to, wake, requeue), model.requeue(from, to, wake, requeue));
                }
            }
            let waiting: usize = model.futexes.iter().map(Vec::len).sum();
            prop_assert_eq!(real.buckets.iter().map(Bucket::len).sum::<usize>(), waiting);
        }
        for number in 0..KEYS {
            let woken = real.bucket(number).wake(&key(number), i32::MAX, u32::MAX);
            prop_assert_eq!(woken.tokens, model.wake(number, i32::MAX, u32::MAX));
        }
    }
}

fn waiter(kind: Kind, token: usize) -> Waiter<usize> {
    Waiter { key: key(1), kind, bitset: u32::MAX, token }
}

#[test]
fn waiters_of_another_kind_are_not_woken() {
    for kind in [Kind::Lock, Kind::ForRequeue { to: key(2) }] {
        let mut bucket = Bucket::new();
        bucket.enqueue(waiter(Kind::Plain, 1));
        bucket.enqueue(waiter(kind, 2));
        bucket.enqueue(waiter(Kind::Plain, 3));
        let woken = bucket.wake(&key(1), 3, u32::MAX);
        assert_eq!((woken.tokens, woken.result), (alloc::vec![1], Err(super::Mixed)));
        let done = bucket.requeue(None, &key(1), &key(3), 1, 1);
        assert_eq!((done.woken.len(), done.moved.len(), done.result), (0, 0, Err(super::Mixed)));
        assert_eq!(bucket.len(), 2);
    }
}

#[test]
fn a_requeue_within_one_futex_keeps_the_order() {
    let mut bucket = Bucket::new();
    for token in 1..5 {
        bucket.enqueue(waiter(Kind::Plain, token));
    }
    let done = bucket.requeue(None, &key(1), &key(1), 1, 2);
    assert_eq!((done.woken, done.moved), (alloc::vec![1], alloc::vec![2, 3]));
    assert_eq!(bucket.wake(&key(1), 9, 1).tokens, alloc::vec![2, 3, 4]);
}

#[test]
fn the_first_is_who_came_first() {
    let mut bucket = Bucket::new();
    bucket.enqueue(Waiter { key: key(2), ..waiter(Kind::Lock, 1) });
    bucket.enqueue(waiter(Kind::Lock, 2));
    bucket.enqueue(waiter(Kind::Lock, 3));
    assert_eq!(bucket.first(&key(1)).map(|waiter| waiter.token), Some(2));
    assert_eq!(bucket.take_first(&key(1)).map(|waiter| waiter.token), Some(2));
    assert_eq!(bucket.take_first(&key(1)).map(|waiter| waiter.token), Some(3));
    assert_eq!(bucket.take_first(&key(1)), None);
}
