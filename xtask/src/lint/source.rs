//! Rules of the source tree that no compiler enforces.
//!
//! Unsafe code lives behind one border: folders called `arch` and modules named after the memory they own. Reviewers
//! read those files twice, so nothing may be unsafe elsewhere, not even behind an `allow`. Tests that are ignored and
//! paths of one developer's machine rot unseen; both are refused. Long files are named, not refused.

use std::fs;
use std::path::{Component, Path};
use std::process::Command;

use anyhow::{Context, Result, bail};
use proc_macro2::{TokenStream, TokenTree};

use crate::workspace::{self, Workspace};

/// Files above this many lines are worth a question.
const LONG_FILE_LINES: usize = 450;

/// Checks every file that git knows or could add; prints all findings and fails if there is one.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let private = private_paths(workspace);
    let mut findings = Vec::new();
    for file in files(workspace)? {
        let Ok(text) = fs::read_to_string(workspace.root.join(&file)) else {
            continue;
        };
        inspect(Path::new(&file), &text, &private, &mut findings)?;
    }
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        count => bail!("{count} breach(es) of the source tree's rules"),
    }
}

fn files(workspace: &Workspace) -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(&workspace.root);
    Ok(workspace::output(&mut git)?.lines().map(str::to_owned).collect())
}

fn inspect(file: &Path, text: &str, private: &[String], findings: &mut Vec<String>) -> Result<()> {
    let place = file.display();
    for (number, line) in text.lines().enumerate() {
        if private.iter().any(|path| mentions(line, path)) {
            findings.push(format!("{place}:{}: a path of this machine", number + 1));
        }
    }
    if file.extension().is_none_or(|extension| extension != "rs") {
        return Ok(());
    }
    let lines = text.lines().count();
    if lines > LONG_FILE_LINES {
        println!("warning: {place} has {lines} lines");
    }
    let tokens: TokenStream =
        text.parse().map_err(|error| anyhow::anyhow!("{error}")).with_context(|| format!("cannot read {place}"))?;
    inspect_tokens(&tokens, file, findings);
    Ok(())
}

fn inspect_tokens(tokens: &TokenStream, file: &Path, findings: &mut Vec<String>) {
    let mut attribute = false;
    for token in tokens.clone() {
        let line = token.span().start().line;
        match &token {
            TokenTree::Ident(word) if word == "unsafe" && !may_be_unsafe(file) => {
                findings.push(format!("{}:{line}: unsafe code outside arch/ and memory modules", file.display()));
            }
            TokenTree::Group(group) => {
                if attribute && first_word(&group.stream()).is_some_and(|word| word == "ignore") {
                    findings.push(format!("{}:{line}: an ignored test", file.display()));
                }
                inspect_tokens(&group.stream(), file, findings);
            }
            _ => {}
        }
        attribute = matches!(&token, TokenTree::Punct(sign) if sign.as_char() == '#');
    }
}

fn first_word(tokens: &TokenStream) -> Option<String> {
    match tokens.clone().into_iter().next()? {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    }
}

/// Whether a file lies inside the unsafe border. The vDSO is beside it: it runs as part of the program, on the
/// program's pointers.
fn may_be_unsafe(file: &Path) -> bool {
    let in_folder = |name: &str| file.components().any(|part| part == Component::Normal(name.as_ref()));
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    ["arch", "memory", "vdso"].into_iter().any(in_folder)
        || stem == "arch"
        || stem == "memory"
        || stem.ends_with("_memory")
}

/// The paths that mean something on this machine only: the checkout and the home folder, save root's, which is the
/// same everywhere.
fn private_paths(workspace: &Workspace) -> Vec<String> {
    let home = std::env::var("HOME").unwrap_or_default();
    let checkout = workspace.root.to_string_lossy().into_owned();
    let mut paths = vec![home, checkout];
    paths.retain(|path| path.len() > 1 && path != "/root");
    paths
}

/// Whether the line names `path` itself or something below it, and not merely a path that contains it.
fn mentions(line: &str, path: &str) -> bool {
    let part_of_path = |letter: char| letter.is_alphanumeric() || "._-/".contains(letter);
    line.match_indices(path).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + path.len()..].chars().next();
        !before.is_some_and(part_of_path) && after.is_none_or(|letter| letter == '/' || !part_of_path(letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(file: &str, text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        inspect(Path::new(file), text, &["/home/me".to_owned()], &mut findings).expect("the text is Rust");
        findings
    }

    #[test]
    fn unsafe_code_is_refused_outside_the_border() {
        let text = "fn f() {\n    let _ = unsafe { g() };\n}\n";
        assert_eq!(findings("vmm/src/vm.rs", text), ["vmm/src/vm.rs:2: unsafe code outside arch/ and memory modules"]);
        assert!(findings("guest-lwk/src/arch/entry.rs", text).is_empty());
        assert!(findings("host-agent/src/memory.rs", text).is_empty());
        assert!(findings("vmm/src/guest_memory.rs", text).is_empty());
    }

    #[test]
    fn the_word_in_comments_strings_and_lint_names_is_not_code() {
        let text = "#![deny(unsafe_code)]\n// unsafe\nconst A: &str = \"unsafe\";\n";
        assert!(findings("vmm/src/vm.rs", text).is_empty());
    }

    #[test]
    fn an_ignored_test_is_refused_with_and_without_a_reason() {
        let marks = ["ignore", "ignore = \"slow\""].map(|mark| format!("#[test]\n#[{mark}]\nfn t() {{}}\n"));
        for text in marks {
            assert_eq!(findings("vmm/tests/t.rs", &text), ["vmm/tests/t.rs:2: an ignored test"]);
        }
    }

    #[test]
    fn a_path_of_the_machine_is_refused_in_any_file() {
        assert_eq!(findings("README.md", "see /home/me/x").len(), 1);
        assert_eq!(findings("README.md", "see /home/me").len(), 1);
        assert!(findings("README.md", "see /home/mean and /x/home/me/y").is_empty());
    }
}
