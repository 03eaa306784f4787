//! Files of /sys/devices/system/{cpu,node}: one node, and of each set of CPUs those of the partition.

use super::cpu_set::{list, mask, of_partition, parse_list, parse_mask};

/// Where CPUs and nodes are.
pub(super) const CPUS: &str = "/sys/devices/system/cpu";
pub(super) const NODES: &str = "/sys/devices/system/node";

/// What the file `path` shows; `None` if what Linux says is right. `cpus` are the machine's CPUs on which the partition's run.
pub(super) fn text(path: &str, cpus: &[usize]) -> Option<String> {
    if let Some(rest) = path.strip_prefix(CPUS) {
        return of_cpus(path, rest.strip_prefix('/')?, cpus);
    }
    of_nodes(path.strip_prefix(NODES)?.strip_prefix('/')?, cpus)
}

fn of_cpus(path: &str, rest: &str, cpus: &[usize]) -> Option<String> {
    let all: Vec<usize> = (0..cpus.len()).collect();
    match rest {
        "online" | "possible" | "present" => return Some(list(&all)),
        "offline" | "enabled" => return Some(if rest == "enabled" { list(&all) } else { list(&[]) }),
        "isolated" | "nohz_full" => {}
        _ if rest.contains('/') => {}
        _ => return None,
    }
    let name = rest.rsplit('/').next()?;
    let is_mask = matches!(name, "core_cpus" | "die_cpus" | "cluster_cpus" | "package_cpus" | "shared_cpu_map")
        || name.ends_with("_siblings");
    let is_list = name.ends_with("_list") || !rest.contains('/');
    if !is_mask && !is_list {
        return None;
    }
    let machine = std::fs::read_to_string(path).ok()?;
    if is_list {
        let own = of_partition(&parse_list(&machine), cpus);
        return Some(list(&own));
    }
    Some(mask(&of_partition(&parse_mask(&machine), cpus), cpus.len()))
}

fn of_nodes(rest: &str, cpus: &[usize]) -> Option<String> {
    let all: Vec<usize> = (0..cpus.len()).collect();
    let text = match rest {
        "online" | "possible" | "has_cpu" | "has_memory" | "has_normal_memory" => list(&[0]),
        "has_generic_initiator" => list(&[]),
        _ => match rest.rsplit('/').next()? {
            "cpulist" => list(&all),
            "cpumap" => mask(&all, cpus.len()),
            "distance" => "10\n".to_owned(),
            "nr_hugepages" | "free_hugepages" | "surplus_hugepages" => "0\n".to_owned(),
            _ => return None,
        },
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partitions_cpus_are_all_there_are() {
        assert_eq!(text("/sys/devices/system/cpu/online", &[4, 5, 6]).unwrap(), "0-2\n");
        assert_eq!(text("/sys/devices/system/node/node3/cpumap", &[4, 5, 6]).unwrap(), "7\n");
        assert_eq!(text("/sys/devices/system/node/possible", &[4]).unwrap(), "0\n");
        assert_eq!(text("/sys/devices/system/cpu/kernel_max", &[4]), None);
        assert_eq!(text("/sys/devices/system/cpu/cpu0/topology/core_id", &[4]), None);
    }

    #[test]
    fn sets_of_the_machine_are_cut_to_the_partition() {
        let path = "/sys/devices/system/cpu/cpu0/topology/core_cpus_list";
        assert!(text(path, &[0]).is_none_or(|text| text == "0\n"));
    }
}
