//! Which CPUs a partition and its agent get.
//!
//! The agent serves system calls by spinning on a ring while the vCPUs spin on the reply. That pays only when both
//! have CPUs of their own, so the agent's CPUs are part of the claim and `may_spin` says how it came out.

use rustix::thread::CpuSet;
use virtio_ikc::layout::MAX_VCPUS;

use super::lock::{CpuLock, LockError, LockPlaces};
use super::topology::Topology;
use crate::cli::CpuList;

/// The CPUs of a partition. They are ours until this value is dropped or the process ends.
#[derive(Debug)]
pub struct PartitionCpus {
    /// CPUs of the vCPUs: vCPU 0 runs on the first.
    pub partition: CpuList,
    /// CPUs on which the agent runs.
    pub agent: CpuList,
    /// Whether the agent's CPUs are apart from the partition's, so that waiting by spinning makes sense.
    pub may_spin: bool,
    /// NUMA nodes to which the partition's memory is to be bound; none on a machine with one node.
    pub memory_nodes: Vec<u32>,
    /// What the user should know, a line each.
    pub warnings: Vec<String>,
    _locks: Vec<CpuLock>,
}

/// Why the CPUs cannot be had. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum CpuError {
    /// The machine has no such CPU.
    #[error("CPU {cpu} does not exist; this machine has CPUs {present}")]
    Absent {
        /// The CPU.
        cpu: u32,
        /// Those that exist.
        present: CpuList,
    },
    /// The CPU is offline.
    #[error("CPU {0} is offline; bring it up with: echo 1 > /sys/devices/system/cpu/cpu{0}/online")]
    Offline(u32),
    /// The CPU is outside our affinity.
    #[error(
        "CPU {cpu} is outside this process's affinity {allowed}; choose among these, or start with: taskset -c {cpu},{allowed} lwk-vmm ..."
    )]
    NotAllowed {
        /// The CPU.
        cpu: u32,
        /// Those that we may use.
        allowed: CpuList,
    },
    /// The agent is to run on a CPU of the partition.
    #[error("CPU {0} is in --cpus and in --agent-cpus; give it to one of them")]
    Shared(u32),
    /// More CPUs than a partition can have.
    #[error("{0} CPUs are more than a partition can have; choose at most {MAX_VCPUS}")]
    TooMany(usize),
    /// Another partition has a CPU, or the locks cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Every CPU that we may use belongs to other partitions.
    #[error("all CPUs that this process may use ({0}) belong to other partitions; end one of them")]
    NoneFree(CpuList),
    /// Affinity or CPU list cannot be read.
    #[error("cannot find out which CPUs may be used: {0}; is /sys mounted?")]
    Unknown(String),
}

/// What is known of the CPUs before a choice is made.
struct Available<'a> {
    topology: &'a Topology,
    /// CPUs in our affinity that are online.
    usable: CpuList,
    places: &'a LockPlaces,
}

impl PartitionCpus {
    /// Checks the lists, or chooses where there are none, and locks the partition's CPUs. Without `cpus` the
    /// partition gets the last usable CPU that no other partition has; without `agent` the agent gets the usable CPUs
    /// nearest to the partition that no partition has.
    ///
    /// # Errors
    /// [`CpuError`].
    pub fn claim(cpus: Option<&CpuList>, agent: Option<&CpuList>) -> Result<Self, CpuError> {
        let topology = Topology::read();
        let usable = usable(&topology)?;
        let places = LockPlaces::open()?;
        Available { topology: &topology, usable, places: &places }.claim(cpus, agent)
    }
}

impl Available<'_> {
    fn claim(&self, cpus: Option<&CpuList>, agent: Option<&CpuList>) -> Result<PartitionCpus, CpuError> {
        for cpu in cpus.into_iter().chain(agent).flat_map(CpuList::as_slice) {
            self.check(*cpu)?;
        }
        let (partition, locks) = match cpus {
            Some(list) => (list.clone(), self.lock_all(list)?),
            None => self.lock_last_free()?,
        };
        let mut warnings = Vec::new();
        let agent_list = match agent {
            Some(list) => self.check_agent(list, &partition)?,
            None => self.choose_agent(&partition),
        };
        let may_spin = agent_list.is_some();
        let agent = agent_list.unwrap_or_else(|| {
            warnings.push(format!(
                "the partition has every free CPU ({partition}), so system calls are served on the same ones and each \
                 costs a context switch; leave a CPU out of --cpus"
            ));
            partition.clone()
        });
        let memory_nodes = self.topology.memory_nodes(partition.as_slice());
        Ok(PartitionCpus { partition, agent, may_spin, memory_nodes, warnings, _locks: locks })
    }

    /// Isolated CPUs are in nobody's affinity until someone asks for them by name; here someone does.
    fn check(&self, cpu: u32) -> Result<(), CpuError> {
        let present = self.topology.present();
        if let Some(present) = CpuList::new(present.iter().copied()).filter(|list| !list.contains(cpu)) {
            return Err(CpuError::Absent { cpu, present });
        }
        if !self.topology.online().contains(&cpu) {
            return Err(CpuError::Offline(cpu));
        }
        if !self.usable.contains(cpu) && !self.topology.isolated().contains(&cpu) {
            return Err(CpuError::NotAllowed { cpu, allowed: self.usable.clone() });
        }
        Ok(())
    }

    fn lock_all(&self, list: &CpuList) -> Result<Vec<CpuLock>, CpuError> {
        let cpus = list.as_slice();
        if cpus.len() > MAX_VCPUS {
            return Err(CpuError::TooMany(cpus.len()));
        }
        Ok(cpus.iter().map(|cpu| self.places.claim(*cpu)).collect::<Result<_, _>>()?)
    }

    fn lock_last_free(&self) -> Result<(CpuList, Vec<CpuLock>), CpuError> {
        for cpu in self.usable.as_slice().iter().rev() {
            match self.places.claim(*cpu) {
                Ok(lock) => {
                    return Ok((CpuList::new([*cpu]).unwrap_or_else(|| self.usable.clone()), vec![lock]));
                }
                Err(LockError::Owned { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(CpuError::NoneFree(self.usable.clone()))
    }

    fn check_agent(&self, agent: &CpuList, partition: &CpuList) -> Result<Option<CpuList>, CpuError> {
        for cpu in agent.as_slice() {
            if partition.contains(*cpu) {
                return Err(CpuError::Shared(*cpu));
            }
            if let Some(owned) = self.places.owner(*cpu) {
                return Err(owned.into());
            }
        }
        Ok(Some(agent.clone()))
    }

    fn choose_agent(&self, partition: &CpuList) -> Option<CpuList> {
        let usable = self.usable.as_slice().iter().copied();
        let free = usable.filter(|cpu| !partition.contains(*cpu) && self.places.owner(*cpu).is_none());
        let free: Vec<u32> = free.collect();
        CpuList::new(self.topology.nearest(partition.as_slice(), &free))
    }
}

/// The online CPUs of our affinity.
///
/// # Errors
/// [`CpuError::Unknown`]
pub fn usable(topology: &Topology) -> Result<CpuList, CpuError> {
    let unknown = |what: &str| CpuError::Unknown(what.to_owned());
    let affinity = rustix::thread::sched_getaffinity(None)
        .map_err(|errno| CpuError::Unknown(format!("sched_getaffinity: {errno}")))?;
    let online = topology.online().iter().copied();
    let in_affinity =
        online.filter(|cpu| usize::try_from(*cpu).is_ok_and(|cpu| cpu < CpuSet::MAX_CPU && affinity.is_set(cpu)));
    CpuList::new(in_affinity).ok_or_else(|| unknown("no CPU of our affinity is online"))
}

#[cfg(test)]
mod tests {
    use super::super::topology::tests::two_nodes;
    use super::*;

    fn list(text: &str) -> CpuList {
        text.parse().expect("a list")
    }

    /// A claim on a machine with CPUs 0-3 online in two nodes, 3 isolated, 4 offline; we may use `usable`.
    fn claim(
        places: &LockPlaces,
        usable: &str,
        cpus: Option<&str>,
        agent: Option<&str>,
    ) -> Result<PartitionCpus, CpuError> {
        let topology = two_nodes();
        let available = Available { topology: &topology, usable: list(usable), places };
        available.claim(cpus.map(list).as_ref(), agent.map(list).as_ref())
    }

    fn places() -> (tempfile::TempDir, LockPlaces) {
        let root = tempfile::tempdir().expect("a temporary directory");
        let places = LockPlaces::in_directory(&root.path().join("locks")).expect("usable");
        (root, places)
    }

    fn refused(usable: &str, cpus: &str, agent: Option<&str>) -> String {
        let message = claim(&places().1, usable, Some(cpus), agent).expect_err("refused").to_string();
        assert!(!message.contains('\n'));
        message
    }

    #[test]
    fn without_a_list_it_is_the_last_usable_cpu_that_is_free() {
        let (_root, places) = places();
        let first = claim(&places, "0-2", None, None).expect("free");
        assert_eq!((first.partition.clone(), first.agent.clone()), (list("2"), list("0-1")));
        let second = claim(&places, "0-2", None, None).expect("free");
        assert_eq!((second.partition.clone(), second.agent.clone()), (list("1"), list("0")));
        let _third = claim(&places, "0-2", None, None).expect("free");
        assert!(matches!(claim(&places, "0-2", None, None), Err(CpuError::NoneFree(_))));
    }

    #[test]
    fn the_agent_is_near_the_partition() {
        let cpus = claim(&places().1, "0-3", Some("2"), None).expect("free");
        assert_eq!((cpus.agent, cpus.may_spin), (list("3"), true));
        assert_eq!(cpus.warnings, [] as [&str; 0]);
    }

    #[test]
    fn an_agent_without_a_cpu_of_its_own_is_a_warning_and_nobody_spins() {
        let cpus = claim(&places().1, "0-2", Some("0-2"), None).expect("free");
        assert_eq!((cpus.agent, cpus.may_spin, cpus.warnings.len()), (list("0-2"), false, 1));
    }

    #[test]
    fn isolated_cpus_can_be_asked_for_by_name() {
        let cpus = claim(&places().1, "0-1", Some("3"), None).expect("free");
        assert_eq!(cpus.partition, list("3"));
    }

    #[test]
    fn cpus_that_cannot_be_had_are_named() {
        assert!(refused("0-3", "9", None).contains("CPU 9 does not exist; this machine has CPUs 0-4"));
        assert!(refused("0-3", "4", None).contains("CPU 4 is offline"));
        assert!(refused("0-1", "2", None).contains("CPU 2 is outside this process's affinity 0-1"));
        assert!(refused("0-3", "1", Some("9")).contains("CPU 9 does not exist"));
        assert!(refused("0-3", "0-1", Some("1-2")).contains("CPU 1 is in --cpus and in --agent-cpus"));
    }

    #[test]
    fn cpus_of_another_partition_are_refused_to_partition_and_agent() {
        let (_root, places) = places();
        let _other = claim(&places, "0-3", Some("1"), None).expect("free");
        let pid = format!("CPU 1 belongs to another partition (pid {})", std::process::id());
        for (cpus, agent) in [("0-1", None), ("0", Some("1"))] {
            let message = claim(&places, "0-3", Some(cpus), agent).expect_err("owned").to_string();
            assert!(message.starts_with(&pid), "{message}");
        }
    }

    #[test]
    fn a_claim_that_fails_halfway_keeps_nothing() {
        let (_root, places) = places();
        let other = claim(&places, "0-3", Some("1"), None).expect("free");
        assert!(claim(&places, "0-3", Some("0-1"), None).is_err());
        drop(other);
        claim(&places, "0-3", Some("0-1"), None).expect("free");
    }

    #[test]
    fn this_machine_gives_a_partition_its_last_cpu() {
        let cpus = usable(&Topology::read()).expect("known");
        assert!(!cpus.as_slice().is_empty());
    }
}
