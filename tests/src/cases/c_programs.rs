//! The C programs as cases: each case by itself, or all of a program in one process.

use std::path::Path;

use anyhow::Result;

use crate::case::Case;
use crate::command;
use crate::programs::{self, Flavour, Program, ProgramCase};

/// One case for each case of each program of `group`.
///
/// # Errors
/// A program that does not compile.
pub fn individually(group: &str, flavour: Flavour, folder: &Path) -> Result<Vec<Case>> {
    from_programs(group, flavour, folder, |program| {
        let case = |case: &ProgramCase| {
            let name = format!("{}: {}", program.name, case.name);
            let argv = [program.path.as_os_str(), case.name.as_ref()];
            Case::new(&name, argv).status(case.status).differs(case.differs)
        };
        program.cases.iter().map(case).collect()
    })
}

/// One case for each program of `group`: everything that does not end the process, in sequence.
///
/// # Errors
/// A program that does not compile.
pub fn whole(group: &str, flavour: Flavour, folder: &Path) -> Result<Vec<Case>> {
    from_programs(group, flavour, folder, |program| {
        if program.cases.iter().all(|case| case.status != 0 || case.differs) {
            return Vec::new();
        }
        let name = format!("{} as a whole, {flavour:?}", program.name);
        vec![Case::new(&name, [program.path.as_os_str(), "--all".as_ref()])]
    })
}

fn from_programs(
    group: &str,
    flavour: Flavour,
    folder: &Path,
    cases: impl Fn(&Program) -> Vec<Case>,
) -> Result<Vec<Case>> {
    let compiler = flavour.compiler();
    if command::find(Path::new(compiler)).is_none() {
        let name = format!("programs of {group}, {flavour:?}");
        return Ok(vec![Case::words(&name, compiler).needs(&[compiler])]);
    }
    let programs = programs::build(group, flavour, folder)?;
    Ok(programs.iter().flat_map(cases).collect())
}
