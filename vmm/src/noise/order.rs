//! What the measurement tells its parts: one line of JSON, their only argument.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::NoiseError;

/// The measured program's task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SampleOrder {
    /// The process with which it ends, if that is one that it can see.
    pub(super) parent: Option<i32>,
    /// The CPUs that its threads are pinned to, as this side numbers them.
    pub(super) cpus: Vec<u32>,
    /// What to measure, one after the other.
    pub(super) works: Vec<Work>,
}

/// One length of fixed work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Work {
    /// Steps of the work.
    pub(super) steps: u64,
    /// Ticks of the time-stamp counter after which it is not begun again.
    pub(super) ticks: u64,
    /// Quanta after which it is not begun again, whatever the time.
    pub(super) most: usize,
}

/// The task of the LWK's side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartitionOrder {
    /// The process with which it ends.
    pub(super) parent: i32,
    /// The partition's CPUs, as `--cpus` takes them.
    pub(super) cpus: String,
    /// The partition's memory in bytes.
    pub(super) memory: u64,
    /// The measured program's task.
    pub(super) sample: SampleOrder,
}

/// The order as an argument.
pub(super) fn write(order: &impl Serialize) -> Result<String, NoiseError> {
    serde_json::to_string(order).map_err(|error| NoiseError::Order(error.to_string()))
}

/// The order of an argument.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, NoiseError> {
    serde_json::from_str(text).map_err(|error| NoiseError::Order(error.to_string()))
}
