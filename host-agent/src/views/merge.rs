//! Linux's text with the LWK's lines in it: what Linux keeps for a process (ids, credentials, start time) is the proxy's and true, what
//! the LWK keeps replaces it.

use std::borrow::Cow;
use std::fmt::Write;

use virtio_ikc::view::View;

/// Columns of a limit's name in `limits`.
const LIMIT_NAME: usize = 25;

/// Whether a view needs Linux's own text.
fn is_merged(view: View) -> bool {
    let merged = [View::STATUS, View::STAT, View::LIMITS, View::MEMORY_INFO, View::NODE_MEMORY, View::PROCESSOR_TIMES];
    merged.contains(&view)
}

/// What `view` shows: `own` is what the LWK says, `source` Linux's own file.
pub(crate) fn merge(view: View, own: &[u8], source: &str) -> Vec<u8> {
    if !is_merged(view) {
        return own.to_vec();
    }
    let own = String::from_utf8_lossy(own);
    let linux = std::fs::read(source).unwrap_or_default();
    let linux = String::from_utf8_lossy(&linux);
    let text = match view {
        // The LWK may not have heard of it yet.
        View::STAT | View::STATUS if has_ended(&linux) => linux.into_owned(),
        View::STAT => fields(&linux, &own),
        View::PROCESSOR_TIMES => times(&linux, &own),
        View::LIMITS => replaced(&linux, &own, limit_name, Cow::Borrowed),
        View::STATUS => replaced(&linux, &own, name, Cow::Borrowed),
        _ => replaced(&linux, &own, name, nothing),
    };
    text.into_bytes()
}

/// Whether a process is a zombie, or nothing any more, by its `stat` or `status`.
pub(super) fn has_ended(linux: &str) -> bool {
    let of_stat = linux.rfind(')').and_then(|end| linux[end + 1..].split_whitespace().next());
    let state = linux.lines().find_map(|line| line.strip_prefix("State:")).map(str::trim).or(of_stat);
    state.is_some_and(|state| state.starts_with(['Z', 'X']))
}

fn name(line: &str) -> &str {
    line.split(':').next().unwrap_or(line)
}

fn limit_name(line: &str) -> &str {
    line.get(..LIMIT_NAME).unwrap_or(line)
}

/// A line of meminfo that counts nothing.
fn nothing(line: &str) -> Cow<'_, str> {
    match line.split_once(':') {
        Some((name, _)) if name.ends_with("Hugepagesize") => Cow::Borrowed(line),
        Some((name, rest)) if rest.ends_with("kB") => Cow::Owned(format!("{:<16}{:>8} kB", format!("{name}:"), 0)),
        Some((name, _)) => Cow::Owned(format!("{:<16}{:>8}", format!("{name}:"), 0)),
        None => Cow::Borrowed(line),
    }
}

/// Linux's lines, replaced by our own of the same name; `other` makes what stands for those that we say nothing of.
fn replaced<'a>(linux: &'a str, own: &str, name: fn(&str) -> &str, other: fn(&'a str) -> Cow<'a, str>) -> String {
    let mut text = String::new();
    for line in linux.lines() {
        let line =
            own.lines().find(|own| name(own) == name(line)).map_or_else(|| other(line), |own| own.to_owned().into());
        let _ = writeln!(text, "{line}");
    }
    text
}

/// /proc/PID/stat: a field's number (the pid is 1) and its value a line.
fn fields(linux: &str, own: &str) -> String {
    let Some(end) = linux.rfind(')') else { return linux.to_owned() };
    let mut fields: Vec<&str> = linux[end + 1..].split_whitespace().collect();
    for (number, value) in own.lines().filter_map(|line| line.split_once(' ')) {
        // The first of them, the state, is field 3.
        let field = number.parse::<usize>().ok().and_then(|number| fields.get_mut(number.checked_sub(3)?));
        if let Some(field) = field {
            *field = value;
        }
    }
    format!("{} {}\n", &linux[..=end], fields.join(" "))
}

/// /proc/stat.
fn times(linux: &str, own: &str) -> String {
    let name = |line: &str| line.split(' ').next().unwrap_or(line).to_owned();
    let mut text: String = own.lines().filter(|line| line.starts_with("cpu")).flat_map(|line| [line, "\n"]).collect();
    for line in linux.lines().filter(|line| !line.starts_with("cpu")) {
        let line = own.lines().find(|own| name(own) == name(line)).unwrap_or(line);
        let _ = writeln!(text, "{line}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_same_name_are_replaced() {
        let linux = "Name:\tx\nThreads:\t9\nSeccomp:\t0\n";
        assert_eq!(replaced(linux, "Threads:\t1\n", name, Cow::Borrowed), "Name:\tx\nThreads:\t1\nSeccomp:\t0\n");
        let memory =
            "MemTotal:       8000 kB\nCached:   77 kB\nHugePages_Total:      12\nHugepagesize:       2048 kB\n";
        let shown = "MemTotal:         10 kB\nCached:                0 kB\nHugePages_Total:       0\nHugepagesize:       2048 kB\n";
        assert_eq!(replaced(memory, "MemTotal:         10 kB\n", name, nothing), shown);
    }

    #[test]
    fn fields_of_stat_are_counted_behind_the_name() {
        assert_eq!(fields("7 (a) b) S 1 7 7\n", "3 R\n5 8\n"), "7 (a) b) R 1 8 7\n");
    }

    #[test]
    fn a_process_that_has_ended_is_what_linux_says() {
        assert!(has_ended("7 (a) S) Z 1 7 7\n") && has_ended("Name:\ta\nState:\tZ (zombie)\n"));
        assert!(!has_ended("7 (Z) Z) S 1 7 7\n") && !has_ended("Name:\tZ)\nState:\tT (stopped)\n") && !has_ended(""));
    }

    #[test]
    fn the_times_of_processors_are_our_own() {
        let own = "cpu  1 0\ncpu0 1 0\nprocesses 3\n";
        assert_eq!(
            times("cpu  9 9\ncpu0 5 5\ncpu1 4 4\nctxt 8\nprocesses 99\n", own),
            "cpu  1 0\ncpu0 1 0\nctxt 8\nprocesses 3\n"
        );
    }
}
