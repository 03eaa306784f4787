//! Runtimes that bring schedulers, collectors and signal handlers of their own.

use std::path::Path;

use super::bring;
use crate::case::Case;

pub(super) fn cases(scratch: &Path, rust_program: &Path) -> Vec<Case> {
    let java = Case::words("OpenJDK compiles and runs", "sh -c")
        .needs(&["javac", "java"])
        .set_up(&bring("Threads.java"))
        .status(3);
    let node = Case::words("node with workers, a server and children", "node node.js")
        .needs(&["node"])
        .set_up(&bring("node.js"))
        .status(4);
    let go = Case::words("Go with many threads", "./threads").needs(&["go"]).set_up(&format!(
        "{}GO111MODULE=off GOCACHE='{}' go build -trimpath -o threads threads.go",
        bring("threads.go"),
        scratch.join("go").display()
    ));
    let rust = Case::new("Rust with many threads", [rust_program]);
    let mut java = java;
    java.argv.push("javac Threads.java && java -Xmx256m Threads".into());
    [java, node, go, rust].into_iter().map(|case| case.memory("2G").seconds(90)).collect()
}
