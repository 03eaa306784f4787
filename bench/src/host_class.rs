//! In which mode the LWK runs here, by what `lwk-vmm doctor --json` finds when it times guest code.

use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

/// The row of the report that counts here.
const ROW: &str = "kind of KVM";

#[derive(Deserialize)]
struct Report {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    value: String,
}

/// The mode in words; `None` if lwk-vmm does not tell.
pub(crate) fn mode(lwk_vmm: &Path) -> Option<String> {
    let output = Command::new(lwk_vmm).args(["doctor", "--json"]).stderr(Stdio::null()).output().ok()?;
    in_words(&String::from_utf8(output.stdout).ok()?)
}

fn in_words(report: &str) -> Option<String> {
    let report: Report = serde_json::from_str(report).ok()?;
    let row = report.rows.into_iter().find(|row| row.name == ROW)?;
    let (kind, signs) = row.value.split_once(": ").unwrap_or((&row.value, ""));
    let privilege = match kind {
        "software" => "ring3",
        "hardware" => "ring0",
        _ => return None,
    };
    Some(format!("{privilege} mode, {kind} KVM ({signs})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(value: &str) -> String {
        let other = r#"{"name":"/dev/kvm","value":"usable: by root","verdict":"ok","advice":"nothing"}"#;
        let kind = format!(r#"{{"name":"kind of KVM","value":"{value}","verdict":"ok","advice":"nothing"}}"#);
        format!(r#"{{"can_run":true,"rows":[{other},{kind}]}}"#)
    }

    #[test]
    fn the_kind_of_kvm_decides_over_the_mode() {
        let software = in_words(&report("software: CPL0 takes 2000 times as long as CPL3"));
        assert_eq!(software.as_deref(), Some("ring3 mode, software KVM (CPL0 takes 2000 times as long as CPL3)"));
        assert!(in_words(&report("hardware: the CPU has VMX")).unwrap().starts_with("ring0 mode"));
    }

    #[test]
    fn what_is_not_told_is_not_invented() {
        assert_eq!(in_words(&report("strange: no")), None);
        assert_eq!(in_words(r#"{"can_run":false,"rows":[]}"#), None);
        assert_eq!(in_words(""), None);
    }
}
