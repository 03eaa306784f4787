//! What memory a partition can have, and on which pages.

use super::Row;
use crate::partition::memory::{MINIMUM, available_memory};
use crate::partition::{HugePool, HugeSize, Thp, Topology, thp};

pub(super) fn rows() -> Vec<Row> {
    let topology = Topology::read();
    let mut rows = vec![available()];
    rows.extend([HugeSize::Large, HugeSize::Huge].map(|size| huge_pages(&topology, size)));
    rows.push(transparent());
    rows
}

fn available() -> Row {
    const NAME: &str = "memory";
    let available = available_memory() + HugePool::machine(HugeSize::Large).available() * HugeSize::Large.bytes();
    let value = format!("{} MiB available", available >> 20);
    match available {
        0..MINIMUM => Row::fail(NAME, value, format!("free memory; a partition needs {} MiB at least", MINIMUM >> 20)),
        0x4000_0000.. => Row::ok(NAME, value),
        _ => Row::warn(NAME, value, "give a smaller --mem than the default of 1G"),
    }
}

fn huge_pages(topology: &Topology, size: HugeSize) -> Row {
    let name = match size {
        HugeSize::Large => "huge pages of 2 MiB",
        HugeSize::Huge => "huge pages of 1 GiB",
    };
    let pool = HugePool::machine(size);
    if !pool.exists() {
        return Row::warn(name, "this machine has none", "nothing: the other size is used");
    }
    let nodes = topology.nodes().map(|node| {
        let part = HugePool::node(node, size);
        format!("node {node}: {} free of {}", part.free(), part.total())
    });
    let nodes = nodes.collect::<Vec<_>>().join("; ");
    let room = room(&pool, size);
    let value = format!("{nodes}; {} reservable now; {room}", pool.available() + spare(&pool));
    if pool.available() + spare(&pool) > 0 || (size == HugeSize::Large && pool.may_make_room()) {
        return Row::ok(name, value);
    }
    let pages = (1 << 30) / size.bytes();
    let advice = match size {
        HugeSize::Large => format!("for each GiB of --mem {pages} pages: {}", pool.advice(pages)),
        HugeSize::Huge => format!("nothing, unless partitions are very large: {}", pool.advice(pages)),
    };
    Row::warn(name, value, advice)
}

/// Surplus pages that are allowed and not yet in use.
fn spare(pool: &HugePool) -> u64 {
    pool.overcommit().saturating_sub(pool.surplus())
}

fn room(pool: &HugePool, size: HugeSize) -> String {
    match (size, pool.may_make_room()) {
        (HugeSize::Large, true) => {
            format!("room for up to {} more is made at the start", available_memory() / size.bytes())
        }
        (HugeSize::Large, false) => "only root can make room".to_owned(),
        (HugeSize::Huge, _) => "reserve them at boot".to_owned(),
    }
}

fn transparent() -> Row {
    const NAME: &str = "transparent huge pages";
    let thp = Thp::read();
    let value = format!("for memory files {} (2M: {}), else {}", thp.shared, thp.shared_2m, thp.anonymous);
    if thp.for_memory_files() {
        return Row::ok(NAME, value);
    }
    let advice = format!("only where huge pages cannot be reserved: {}", thp::ADVICE);
    Row::warn(NAME, value, advice)
}
