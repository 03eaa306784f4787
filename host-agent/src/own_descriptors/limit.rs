//! Room above the program's limit.

use std::io;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit on descriptors, raised for a moment.
pub(super) struct RaisedLimit(Rlimit);

impl RaisedLimit {
    /// Raises it to `wanted`.
    ///
    /// # Errors
    /// EMFILE if that is more than is allowed.
    pub(super) fn to(wanted: u32) -> io::Result<Self> {
        let before = getrlimit(Resource::Nofile);
        let maximum = before.maximum.map(|maximum| maximum.max(wanted.into()));
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted.into()), maximum });
        raised.map_err(|_| Errno::MFILE)?;
        Ok(Self(before))
    }
}

impl Drop for RaisedLimit {
    fn drop(&mut self) {
        // Lowering is always allowed.
        let _ = setrlimit(Resource::Nofile, self.0);
    }
}
