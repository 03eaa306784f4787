//! What the process is called: every child and every stand-in takes that name, and to read it from /proc takes as long as some calls do.

use std::ffi::CString;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The name of a process's first thread, as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct Name(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    name: Option<CString>,
    /// How often it has changed.
    changes: u64,
    /// The program has the file open by which it can be changed at any time (proc(5), `/proc/pid/comm`).
    is_volatile: bool,
}

impl Name {
    /// The name; `read`, which may wait for locks, reads it if it is not known.
    pub(super) fn get(&self, read: impl FnOnce() -> Option<CString>) -> Option<CString> {
        let changes = {
            let known = self.lock();
            if let Some(name) = &known.name {
                return Some(name.clone());
            }
            known.changes
        };
        let name = read();
        let mut known = self.lock();
        if known.changes == changes && !known.is_volatile {
            known.name.clone_from(&name);
        }
        name
    }

    /// It has changed.
    pub(crate) fn forget(&self) {
        let mut known = self.lock();
        known.name = None;
        known.changes += 1;
    }

    /// It may change at any time from now on.
    pub(crate) fn make_volatile(&self) {
        self.forget();
        self.lock().is_volatile = true;
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> impl FnOnce() -> Option<CString> {
        let text = CString::new(text).unwrap();
        || Some(text)
    }

    #[test]
    fn a_name_is_read_once_until_it_changes() {
        let name = Name::default();
        assert_eq!(name.get(|| None), None);
        assert_eq!(name.get(read("first")), name.get(read("second")));
        name.forget();
        assert_eq!(name.get(read("third")).unwrap().as_bytes(), b"third");
    }

    #[test]
    fn a_name_that_a_program_can_change_by_itself_is_read_each_time() {
        let name = Name::default();
        name.get(read("first"));
        name.make_volatile();
        assert_eq!(name.get(read("second")).unwrap().as_bytes(), b"second");
        assert_eq!(name.get(read("third")).unwrap().as_bytes(), b"third");
    }
}
