//! Signals from somebody outside the partition, who stops the program's processes and lets them go on: nobody can tell from what they
//! compute that they are not Linux's own. Everything is tried natively first.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use differential_tests::cpus::{Placement, Turn};
use differential_tests::{lwk, programs};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long anything may take on a slow machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// What does not count for so long stands.
const STANDS: Duration = Duration::from_millis(300);

/// The program `computing`, which runs. Its processes are numbered from the first to the grandchild.
struct Computing {
    child: Child,
    folder: TempDir,
}

impl Computing {
    /// Starts it by `command`, to which its arguments are added.
    fn start(mut command: Command, children: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words");
        File::create(&path).unwrap().set_len(4096).unwrap();
        let child = command.arg(path).arg(children).spawn().unwrap();
        let computing = Self { child, folder };
        (0..3).for_each(|process| computing.goes_on(process));
        computing
    }

    fn word(&self, index: usize) -> u64 {
        let bytes = fs::read(self.folder.path().join("words")).unwrap();
        u64::from_ne_bytes(bytes[index * 8..][..8].try_into().unwrap())
    }

    fn send(&self, process: usize, signal: Signal) {
        kill_process(Pid::from_raw(self.word(3 + process).try_into().unwrap()).unwrap(), signal).unwrap();
    }

    fn stop_and_go_on(&self, process: usize) {
        self.send(process, Signal::STOP);
        self.stands(process);
        self.send(process, Signal::CONT);
        self.goes_on(process);
    }

    fn stands(&self, process: usize) {
        eventually("it stands", || {
            let before = self.word(process);
            sleep(STANDS);
            self.word(process) == before
        });
    }

    fn goes_on(&self, process: usize) {
        let before = self.word(process);
        eventually("it goes on", || self.word(process) != before);
    }
}

impl Drop for Computing {
    fn drop(&mut self) {
        for process in (0..3).rev() {
            self.send(process, Signal::KILL);
        }
        self.child.wait().unwrap();
    }
}

fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        sleep(Duration::from_millis(1));
    }
}

fn program() -> PathBuf {
    programs::alone("computing", Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap()
}

/// Runs `steps` with the program on Linux and on the LWK.
fn on_both(children: &str, steps: impl Fn(&Computing)) {
    steps(&Computing::start(Command::new(program()), children));
    let _turn = Turn::wait().unwrap();
    let mut command = Command::new(lwk::executable().unwrap());
    command.args(["--cpus", &Placement::OneCpu.list().expect("a CPU"), "--mem", "512M"]).arg(program());
    steps(&Computing::start(command, children));
}

#[test]
fn a_process_stands_and_goes_on_whatever_its_parent_hears_of_it() {
    for children in ["told", "without stops", "ignored"] {
        on_both(children, |computing| {
            computing.stop_and_go_on(2);
            computing.goes_on(1);
        });
    }
}

#[test]
fn a_parent_stands_and_then_its_child() {
    on_both("told", |computing| {
        computing.send(1, Signal::STOP);
        computing.stands(1);
        computing.goes_on(2);
        computing.stop_and_go_on(2);
        computing.send(1, Signal::CONT);
        computing.goes_on(1);
    });
}

#[test]
fn the_first_process_stands_and_goes_on() {
    on_both("told", |computing| {
        computing.stop_and_go_on(0);
        computing.stop_and_go_on(0);
    });
}

#[test]
fn no_stop_and_no_going_on_is_lost_when_they_come_fast() {
    on_both("told", |computing| {
        for _ in 0..200 {
            computing.send(2, Signal::STOP);
            computing.send(2, Signal::CONT);
        }
        computing.goes_on(2);
        for _ in 0..200 {
            computing.send(2, Signal::CONT);
            computing.send(2, Signal::STOP);
        }
        computing.stands(2);
        computing.send(2, Signal::CONT);
        computing.goes_on(2);
    });
}
