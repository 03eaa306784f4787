//! Transparent huge pages: what this machine gives to memory files without being asked for a reservation
//! (Documentation/admin-guide/mm/transhuge.rst).

use std::fs;

/// The settings that decide whether memory of a partition gets transparent huge pages.
#[derive(Clone, Debug)]
pub struct Thp {
    /// The setting for memory of processes, as `always`, `madvise` or `never`.
    pub anonymous: String,
    /// The setting for memory files, of which a partition's memory is one.
    pub shared: String,
    /// The setting for memory files and pages of 2 MiB in particular; `inherit` where the kernel has none.
    pub shared_2m: String,
}

/// What allows transparent huge pages in memory files.
pub const ADVICE: &str = "echo advise > /sys/kernel/mm/transparent_hugepage/shmem_enabled";

impl Thp {
    /// Reads the settings; what the kernel lacks reads as `never`.
    #[must_use]
    pub fn read() -> Self {
        Self {
            anonymous: chosen("enabled").unwrap_or_else(|| "never".to_owned()),
            shared: chosen("shmem_enabled").unwrap_or_else(|| "never".to_owned()),
            shared_2m: chosen("hugepages-2048kB/shmem_enabled").unwrap_or_else(|| "inherit".to_owned()),
        }
    }

    /// Whether a memory file that asks for huge pages gets them.
    #[must_use]
    pub fn for_memory_files(&self) -> bool {
        let allows = |setting: &str| matches!(setting, "always" | "within_size" | "advise" | "force");
        match (self.shared.as_str(), self.shared_2m.as_str()) {
            ("deny", _) => false,
            ("force", _) => true,
            (shared, "inherit") => allows(shared),
            (_, own) => allows(own),
        }
    }
}

/// The word in brackets of a setting such as `always [madvise] never`.
fn chosen(name: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/sys/kernel/mm/transparent_hugepage/{name}")).ok()?;
    bracketed(&text).map(str::to_owned)
}

fn bracketed(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('[')?;
    rest.split_once(']').map(|(word, _)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thp(shared: &str, shared_2m: &str) -> bool {
        let [anonymous, shared, shared_2m] = ["never", shared, shared_2m].map(str::to_owned);
        Thp { anonymous, shared, shared_2m }.for_memory_files()
    }

    #[test]
    fn the_chosen_word_is_the_bracketed_one() {
        assert_eq!(bracketed("always [madvise] never\n"), Some("madvise"));
        assert_eq!(bracketed("never"), None);
    }

    #[test]
    fn the_setting_of_the_page_size_counts_unless_it_inherits() {
        assert!(thp("advise", "inherit") && thp("never", "advise") && thp("force", "never"));
        assert!(!thp("never", "inherit") && !thp("always", "never") && !thp("deny", "always"));
    }
}
