//! CPUs and NUMA nodes as sysfs shows them (Documentation/ABI/stable/sysfs-devices-node, testing/sysfs-devices-system-cpu).

use std::fs;
use std::path::Path;
use std::str::FromStr;

use crate::cli::CpuList;

/// CPUs and NUMA nodes of this machine.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    present: Vec<u32>,
    online: Vec<u32>,
    isolated: Vec<u32>,
    nodes: Vec<Node>,
}

/// A NUMA node.
#[derive(Clone, Debug)]
struct Node {
    id: u32,
    cpus: Vec<u32>,
    /// Distances to the nodes in the order of their ids; 10 means the node itself (ACPI SLIT).
    distances: Vec<u32>,
    has_memory: bool,
}

impl Topology {
    /// Reads the topology of this machine. What sysfs lacks stays empty; without NUMA there are no nodes.
    #[must_use]
    pub fn read() -> Self {
        Self::from_directory(Path::new("/sys/devices/system"))
    }

    fn from_directory(directory: &Path) -> Self {
        let cpu = |name| list(&directory.join("cpu").join(name));
        let node_directory = directory.join("node");
        let with_memory = list(&node_directory.join("has_memory"));
        let nodes = list(&node_directory.join("online")).into_iter().map(|id| {
            let node = node_directory.join(format!("node{id}"));
            Node {
                id,
                cpus: list(&node.join("cpulist")),
                distances: distances(&node.join("distance")),
                has_memory: with_memory.contains(&id),
            }
        });
        Self { present: cpu("present"), online: cpu("online"), isolated: cpu("isolated"), nodes: nodes.collect() }
    }

    /// CPUs that the machine has, online or not.
    #[must_use]
    pub fn present(&self) -> &[u32] {
        &self.present
    }

    /// CPUs that are online.
    #[must_use]
    pub fn online(&self) -> &[u32] {
        &self.online
    }

    /// CPUs that the scheduler leaves alone (boot parameter `isolcpus`, or an isolated cpuset partition).
    #[must_use]
    pub fn isolated(&self) -> &[u32] {
        &self.isolated
    }

    /// Ids of the nodes.
    pub fn nodes(&self) -> impl Iterator<Item = u32> {
        self.nodes.iter().map(|node| node.id)
    }

    /// CPUs of a node.
    #[must_use]
    pub fn cpus_of_node(&self, id: u32) -> &[u32] {
        let node = self.nodes.iter().find(|node| node.id == id);
        node.map_or(&[], |node| &node.cpus)
    }

    /// Nodes with memory to which memory of a partition with these CPUs is to be bound; none when there is nothing
    /// to choose because the machine has but one.
    #[must_use]
    pub fn memory_nodes(&self, cpus: &[u32]) -> Vec<u32> {
        let near = self.nodes_of(cpus).filter(|node| node.has_memory);
        match self.nodes.iter().filter(|node| node.has_memory).count() {
            0 | 1 => Vec::new(),
            _ => near.map(|node| node.id).collect(),
        }
    }

    /// Those of `candidates` that are nearest to `cpus`: the ones at the least distance of nodes.
    #[must_use]
    pub fn nearest(&self, cpus: &[u32], candidates: &[u32]) -> Vec<u32> {
        let distance = |candidate: &u32| self.distance(cpus, *candidate);
        let least = candidates.iter().map(distance).min();
        candidates.iter().copied().filter(|cpu| Some(distance(cpu)) == least).collect()
    }

    fn nodes_of(&self, cpus: &[u32]) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.cpus.iter().any(|cpu| cpus.contains(cpu)))
    }

    fn distance(&self, cpus: &[u32], candidate: u32) -> u32 {
        let Some(to) = self.nodes.iter().position(|node| node.cpus.contains(&candidate)) else {
            return u32::MAX;
        };
        let distances = self.nodes_of(cpus).filter_map(|from| from.distances.get(to));
        distances.min().copied().unwrap_or(u32::MAX)
    }
}

/// A file with a CPU or node list; empty when it is not there or holds none.
fn list(path: &Path) -> Vec<u32> {
    let text = fs::read_to_string(path).unwrap_or_default();
    CpuList::from_str(text.trim()).map_or_else(|_| Vec::new(), |list| list.as_slice().to_vec())
}

fn distances(path: &Path) -> Vec<u32> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Four CPUs in two nodes, one more that is offline, and a third node with memory only.
    pub(crate) fn two_nodes() -> Topology {
        let node = |id, cpus: &[u32], distances: &[u32]| Node {
            id,
            cpus: cpus.to_vec(),
            distances: distances.to_vec(),
            has_memory: id != 1,
        };
        Topology {
            present: vec![0, 1, 2, 3, 4],
            online: vec![0, 1, 2, 3],
            isolated: vec![3],
            nodes: vec![node(0, &[0, 1], &[10, 20, 30]), node(1, &[2, 3], &[20, 10, 15]), node(2, &[], &[30, 15, 10])],
        }
    }

    #[test]
    fn this_machine_has_the_cpus_that_we_may_use() {
        let topology = Topology::read();
        assert!(!topology.online().is_empty());
        assert!(topology.online().iter().all(|cpu| topology.present().contains(cpu)));
    }

    #[test]
    fn sysfs_files_are_read() {
        let root = tempfile::tempdir().expect("a temporary directory");
        for (name, text) in [
            ("cpu/present", "0-3\n"),
            ("cpu/online", "0-2\n"),
            ("cpu/isolated", "\n"),
            ("node/online", "0\n"),
            ("node/has_memory", "0\n"),
            ("node/node0/cpulist", "0-2\n"),
            ("node/node0/distance", "10\n"),
        ] {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
        }
        let topology = Topology::from_directory(root.path());
        assert_eq!((topology.present(), topology.online()), (&[0, 1, 2, 3][..], &[0, 1, 2][..]));
        assert_eq!(topology.cpus_of_node(0), [0, 1, 2]);
        assert_eq!(topology.memory_nodes(&[0]), [] as [u32; 0]);
    }

    #[test]
    fn a_machine_without_nodes_treats_all_cpus_as_equally_near() {
        let topology = Topology::from_directory(Path::new("/nonexistent"));
        assert_eq!(topology.nearest(&[0], &[1, 2]), [1, 2]);
    }

    #[test]
    fn the_nearest_cpus_are_those_of_the_nearest_node() {
        assert_eq!(two_nodes().nearest(&[0], &[1, 2, 3]), [1]);
        assert_eq!(two_nodes().nearest(&[0, 1], &[2, 3]), [2, 3]);
    }

    #[test]
    fn memory_is_bound_to_nodes_that_have_some() {
        assert_eq!(two_nodes().memory_nodes(&[1, 2]), [0]);
    }
}
