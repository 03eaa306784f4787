//! The slices of both sides, one after the other, on CPUs that stay ours.

use std::collections::BTreeSet;

use super::plan::{Plan, Side};
use super::slice::Slice;
use super::{NoiseError, native, partition};
use crate::cli::NoiseOptions;
use crate::message;
use crate::partition::PartitionCpus;

/// Measures everything; a line on stderr says what is going on.
pub(super) fn run(options: &NoiseOptions) -> Result<(Plan, Vec<Slice>), NoiseError> {
    let claimed = PartitionCpus::claim(options.cpus.as_ref(), None)?;
    let plan = Plan::new(options, claimed.partition.clone())?;
    drop(claimed);
    message::say(introduction(&plan, options));
    let mut said = BTreeSet::new();
    let slices = plan.turns().map(|side| slice(side, &plan, &mut said)).collect::<Result<_, _>>()?;
    Ok((plan, slices))
}

/// The partition claims its CPUs itself; on Linux's side this keeps other partitions away.
fn slice(side: Side, plan: &Plan, said: &mut BTreeSet<String>) -> Result<Slice, NoiseError> {
    match side {
        Side::Lwk => partition::slice(plan, said),
        Side::Native => {
            let _claimed = PartitionCpus::claim(Some(&plan.cpus), None)?;
            native::run(plan, said)
        }
    }
}

fn introduction(plan: &Plan, options: &NoiseOptions) -> String {
    let (cpus, duration, slices) = (&plan.cpus, options.duration, 2 * plan.rounds);
    format!("measuring noise on CPU {cpus} for {duration}: {slices} slices, natively and on the LWK in turn")
}
