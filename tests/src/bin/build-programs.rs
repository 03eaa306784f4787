//! Compiles the C programs into a folder, for places without cargo such as the image of the class H stage.
//!
//! `cargo run -p differential-tests --bin build-programs -- [--musl] FOLDER` leaves one static executable a
//! source and `cases.txt`: a line for each case, holding the executable's name and the argument that selects it.
//! `pass-through` is there too, for `LWK_VMM=FOLDER/pass-through cargo test -p differential-tests`.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use differential_tests::programs::{self, Flavour, GROUPS};

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let flavour = match words.first().map(String::as_str) {
        Some("--musl") => Flavour::StaticMusl,
        _ => Flavour::Static,
    };
    if flavour == Flavour::StaticMusl {
        words.remove(0);
    }
    let [folder] = words.as_slice() else {
        eprintln!("usage: build-programs [--musl] FOLDER");
        return ExitCode::from(2);
    };
    match build(flavour, Path::new(folder)) {
        Ok(count) => println!("{count} cases in {folder}/cases.txt"),
        Err(error) => {
            eprintln!("build-programs: {error:#}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn build(flavour: Flavour, folder: &Path) -> Result<usize> {
    let mut manifest = String::new();
    programs::pass_through(folder)?;
    for group in GROUPS {
        for program in programs::build(group, flavour, folder)? {
            let file = program.path.file_name().context("a program has a name")?;
            for case in program.cases.iter().filter(|case| !case.differs) {
                writeln!(manifest, "{} {}", file.display(), case.name)?;
            }
        }
    }
    std::fs::write(folder.join("cases.txt"), &manifest)?;
    Ok(manifest.lines().count())
}
