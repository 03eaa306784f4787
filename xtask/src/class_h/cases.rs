//! Which cases run on the emulated host.

/// The lines of a case list that hold cases: comments and empty lines are not.
fn cases(list: &str) -> impl Iterator<Item = &str> {
    list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// At most `most` cases of a list, spread over its whole length so that every program keeps its share.
pub(super) fn choose(list: &str, most: usize) -> String {
    let all: Vec<&str> = cases(list).collect();
    let count = most.min(all.len());
    let chosen = (0..count).map(|index| all[index * all.len() / count]);
    chosen.fold(String::new(), |text, case| text + case + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_cases_are_chosen_when_there_are_few() {
        assert_eq!(choose("a 1\n\n# no\n  b 2\n", 9), "a 1\nb 2\n");
        assert_eq!(choose("", 9), "");
        assert_eq!(choose("a\n", 0), "");
    }

    #[test]
    fn chosen_cases_are_spread() {
        assert_eq!(choose("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n", 4), "0\n2\n5\n7\n");
    }
}
