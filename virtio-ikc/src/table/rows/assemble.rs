//! The table that the families add up to.

use super::{
    attributes, data, descriptors, memory, messages, paths, processes, removed, scheduling, signals, sockets, system,
    time,
};
use crate::table::Call;

/// One more than the highest number that a row can have.
const NUMBERS: usize = 512;

const FAMILIES: [&[Call]; 13] = [
    attributes::ROWS,
    data::ROWS,
    descriptors::ROWS,
    memory::ROWS,
    messages::ROWS,
    paths::ROWS,
    processes::ROWS,
    removed::ROWS,
    scheduling::ROWS,
    signals::ROWS,
    sockets::ROWS,
    system::ROWS,
    time::ROWS,
];

const COUNT: usize = count();

/// The row of each number.
pub(in crate::table) static BY_NUMBER: [Option<&Call>; NUMBERS] = place();

/// All system calls of x86-64, by number.
pub static CALLS: &[Call] = &sort();

const fn count() -> usize {
    let mut total = 0;
    let mut family = 0;
    while family < FAMILIES.len() {
        total += FAMILIES[family].len();
        family += 1;
    }
    total
}

const fn place() -> [Option<&'static Call>; NUMBERS] {
    let mut table = [None; NUMBERS];
    let mut family = 0;
    while family < FAMILIES.len() {
        let mut row = 0;
        while row < FAMILIES[family].len() {
            let call = &FAMILIES[family][row];
            assert!(table[call.number as usize].is_none(), "two rows have the same number");
            table[call.number as usize] = Some(call);
            row += 1;
        }
        family += 1;
    }
    table
}

#[allow(clippy::large_stack_arrays, reason = "it runs in the compiler only")]
const fn sort() -> [Call; COUNT] {
    let table = place();
    let mut sorted = [FAMILIES[0][0]; COUNT];
    let (mut number, mut filled) = (0, 0);
    while number < NUMBERS {
        if let Some(call) = table[number] {
            sorted[filled] = *call;
            filled += 1;
        }
        number += 1;
    }
    sorted
}
