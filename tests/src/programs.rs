//! Compiles the C programs, and knows which cases each of them has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

/// What a C program is made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// By gcc against glibc, static, at fixed addresses.
    Static,
    /// By gcc against glibc, with an interpreter, at any address.
    DynamicPie,
    /// By musl-gcc, static.
    StaticMusl,
}

impl Flavour {
    /// The compiler.
    #[must_use]
    pub const fn compiler(self) -> &'static str {
        match self {
            Self::Static | Self::DynamicPie => "gcc",
            Self::StaticMusl => "musl-gcc",
        }
    }

    const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Static => &["-static", "-no-pie"],
            // musl brings no headers of the kernel.
            Self::StaticMusl => {
                &["-static", "-no-pie", "-idirafter", "/usr/include", "-idirafter", "/usr/include/x86_64-linux-gnu"]
            }
            Self::DynamicPie => &["-fpie", "-pie"],
        }
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Static => "",
            Self::DynamicPie => ".pie",
            Self::StaticMusl => ".musl",
        }
    }
}

/// A compiled program.
#[derive(Clone, Debug)]
pub struct Program {
    /// Group and name of its source, such as `memory-mprotect`.
    pub name: String,
    /// The executable.
    pub path: PathBuf,
    /// What `--list` prints.
    pub cases: Vec<ProgramCase>,
}

/// One case of a program.
#[derive(Clone, Debug)]
pub struct ProgramCase {
    /// The argument that selects it.
    pub name: String,
    /// The status that Linux yields: not 0 when the case ends the process.
    pub status: i32,
    /// Whether the LWK is known not to do what Linux does.
    pub differs: bool,
}

/// The groups of programs: folders of `programs/`.
pub const GROUPS: [&str; 6] = ["memory", "calls", "threads", "processes", "signals", "shared"];

/// Compiles all programs of `group` into `folder`; what is up to date stays.
///
/// # Errors
/// A compiler's complaint, a folder that cannot be written.
pub fn build(group: &str, flavour: Flavour, folder: &Path) -> Result<Vec<Program>> {
    fs::create_dir_all(folder)?;
    let sources = sources(group)?;
    sources.iter().map(|source| compile(group, source, flavour, folder)).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("programs")
}

fn sources(group: &str) -> Result<Vec<PathBuf>> {
    let mut sources = Vec::new();
    for item in fs::read_dir(root().join(group))? {
        let path = item?.path();
        if path.extension().is_some_and(|extension| extension == "c") {
            sources.push(path);
        }
    }
    sources.sort();
    Ok(sources)
}

/// Compiles the runner that stands in for `lwk-vmm` when the harness itself is tested.
///
/// # Errors
/// As [`build`].
pub fn pass_through(folder: &Path) -> Result<PathBuf> {
    alone("pass-through", folder)
}

/// Compiles a program that is of no group and has no cases.
///
/// # Errors
/// As [`build`].
pub fn alone(name: &str, folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let path = folder.join(name);
    bring_up_to_date(&root().join(name).with_extension("c"), Flavour::DynamicPie, &path)?;
    Ok(path)
}

fn compile(group: &str, source: &Path, flavour: Flavour, folder: &Path) -> Result<Program> {
    let stem = source.file_stem().context("a source has a name")?.to_string_lossy();
    let name = format!("{group}-{stem}");
    let path = folder.join(format!("{name}{}", flavour.suffix()));
    bring_up_to_date(source, flavour, &path)?;
    let cases = list(&path)?;
    Ok(Program { name, path, cases })
}

fn bring_up_to_date(source: &Path, flavour: Flavour, program: &Path) -> Result<()> {
    if is_current(program, source)? {
        return Ok(());
    }
    run_compiler(source, flavour, program)
}

fn is_current(program: &Path, source: &Path) -> Result<bool> {
    let Ok(built) = program.metadata().and_then(|metadata| metadata.modified()) else {
        return Ok(false);
    };
    let mut newest = source.metadata()?.modified()?;
    for header in fs::read_dir(root().join("include"))? {
        newest = SystemTime::max(newest, header?.metadata()?.modified()?);
    }
    Ok(newest < built)
}

/// Compiles elsewhere and renames, since other tests may want the program at the same time.
fn run_compiler(source: &Path, flavour: Flavour, program: &Path) -> Result<()> {
    let folder = program.parent().context("a program has a folder")?;
    let workshop = tempfile::tempdir_in(folder)?;
    let unfinished = workshop.path().join("unfinished");
    let output = Command::new(flavour.compiler())
        .args(["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread"])
        .args(flavour.options())
        .arg("-I")
        .arg(root().join("include"))
        .arg("-o")
        .args([&unfinished, source])
        .output()
        .with_context(|| format!("{} does not start", flavour.compiler()))?;
    if !output.status.success() {
        bail!("{}: {}", source.display(), String::from_utf8_lossy(&output.stderr));
    }
    Ok(fs::rename(unfinished, program)?)
}

fn list(program: &Path) -> Result<Vec<ProgramCase>> {
    let output = Command::new(program).arg("--list").output()?;
    let text = String::from_utf8(output.stdout)?;
    let cases: Option<Vec<_>> = text.lines().map(parse).collect();
    cases.filter(|cases| !cases.is_empty()).with_context(|| format!("{} --list", program.display()))
}

fn parse(line: &str) -> Option<ProgramCase> {
    let mut words = line.split(' ');
    let (name, status, relation) = (words.next()?, words.next()?, words.next()?);
    Some(ProgramCase { name: name.to_owned(), status: status.parse().ok()?, differs: relation == "differs" })
}
