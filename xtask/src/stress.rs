//! stress-ng on the LWK, class by class, and natively before it: what must not happen is a hang, a word of warning from the LWK, or a
//! result that Linux does not have.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workspace::{self, Workspace};

/// What is put under stress, as stress-ng calls it, with what bounds it.
const CLASSES: &[&str] = &[
    "fork",
    "vfork",
    "pthread",
    "futex",
    "mutex",
    "signal",
    "sigq",
    "kill",
    "pipe",
    "sock",
    "poll",
    "timer",
    "itimer",
    "nanosleep",
    "mmap --mmap-bytes 64M",
    "vm --vm-bytes 64M",
    "shm --shm-bytes 4M",
    "shm-sysv --shm-sysv-bytes 1M",
    "sem",
    "wait",
    "zombie",
    "yield",
    "switch",
    "sigsegv",
];
/// How long a class runs natively, at most, in seconds: long enough to tell what Linux's results are.
const NATIVE_SECONDS: u64 = 5;
/// How much longer than asked a class may take before it is taken to hang.
const PATIENCE: Duration = Duration::from_secs(90);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long each class runs on the LWK
    #[arg(long, default_value_t = 75, value_name = "S")]
    seconds: u64,
    /// CPUs of the partition, or the default one
    #[arg(long, value_name = "LIST")]
    cpus: Option<String>,
    /// Memory of the partition
    #[arg(long, default_value = "2G", value_name = "SIZE")]
    mem: String,
    /// Run these classes only
    classes: Vec<String>,
}

/// How one run ended.
struct Outcome {
    status: Option<i32>,
    failures: usize,
    words_of_the_lwk: Vec<String>,
}

/// Runs every class; the default length of all of them together is half an hour.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    workspace::run(&mut workspace.cargo(["build", "--release", "-p", "lwk-vmm"]))?;
    let wanted =
        |class: &&&str| options.classes.is_empty() || options.classes.iter().any(|name| class.starts_with(name));
    let mut different = Vec::new();
    for class in CLASSES.iter().filter(wanted) {
        let native = stress(Command::new("stress-ng"), class, options.seconds.min(NATIVE_SECONDS))?;
        let mut lwk = Command::new(workspace.target.join("release/lwk-vmm"));
        lwk.args(options.cpus.iter().flat_map(|cpus| ["--cpus", cpus])).args([
            "--mem",
            &options.mem,
            "--",
            "stress-ng",
        ]);
        let on_lwk = stress(lwk, class, options.seconds)?;
        let same =
            native.status == on_lwk.status && on_lwk.failures <= native.failures && on_lwk.words_of_the_lwk.is_empty();
        println!("{} {class}: native {:?}, LWK {:?}", if same { "ok  " } else { "FAIL" }, native.status, on_lwk.status);
        on_lwk.words_of_the_lwk.iter().for_each(|line| println!("     {line}"));
        if !same {
            different.push(*class);
        }
    }
    if different.is_empty() { Ok(()) } else { bail!("not as on Linux: {}", different.join(", ")) }
}

fn stress(mut command: Command, class: &str, seconds: u64) -> Result<Outcome> {
    let (name, bounds) = class.split_once(' ').unwrap_or((class, ""));
    command.arg(format!("--{name}")).arg("2").args(bounds.split_whitespace());
    command
        .arg("--timeout")
        .arg(format!("{seconds}s"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start stress-ng (Debian's package of this name) or lwk-vmm")?;
    let pipes = (child.stdout.take(), child.stderr.take());
    let reader = thread::spawn(move || {
        let (output, errors) = pipes;
        let errors = thread::spawn(move || errors.and_then(|pipe| std::io::read_to_string(pipe).ok()));
        [output.and_then(|pipe| std::io::read_to_string(pipe).ok()), errors.join().ok().flatten()]
    });
    let deadline = Instant::now() + Duration::from_secs(seconds) + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status.code();
        }
        if Instant::now() > deadline {
            child.kill()?;
            bail!("{class} did not end");
        }
        thread::sleep(Duration::from_millis(50));
    };
    let texts = reader.join().ok().context("the output could not be read")?;
    let lines = || texts.iter().flatten().flat_map(|text| text.lines());
    let is_word =
        |line: &&str| line.starts_with("lwk-vmm:") && !line.contains("warning: the partition has every free CPU");
    Ok(Outcome {
        status,
        failures: lines().filter(|line| line.contains("stress-ng: fail:")).count(),
        words_of_the_lwk: lines().filter(is_word).map(str::to_owned).collect(),
    })
}
