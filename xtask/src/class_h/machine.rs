//! The emulated machine: QEMU with TCG, a processor with SVM and two serial lines.
//!
//! The first line is the kernel's console and goes to a file, the second one is ours: so a message of the kernel never
//! cuts a result in two. QEMU is ended when the machine is silent for too long or runs for too long.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A machine to boot.
pub(super) struct Machine {
    /// The kernel's image.
    pub(super) kernel: PathBuf,
    /// The root file system.
    pub(super) initramfs: PathBuf,
    /// Where the kernel's console is written.
    pub(super) console: PathBuf,
    /// Number of CPUs; more than the machine below has are allowed, and slow.
    pub(super) cpus: u32,
    /// Memory in MiB.
    pub(super) memory_mib: u32,
    /// The longest time without a line.
    pub(super) silence: Duration,
    /// The longest time altogether.
    pub(super) limit: Duration,
}

impl Machine {
    /// Boots, hands every line of the second serial line to `take`, and returns when the machine is off.
    ///
    /// Fails when QEMU cannot be started or is ended because of a limit.
    pub(super) fn boot(&self, take: impl FnMut(&str)) -> Result<()> {
        let mut qemu =
            self.command().spawn().context("cannot start QEMU, which the package qemu-system-x86 provides")?;
        let watched = lines(&mut qemu).and_then(|lines| self.watch(&lines, take));
        if watched.is_err() {
            // Already dead is as good.
            let _ = qemu.kill();
        }
        let status = qemu.wait()?;
        watched?;
        if !status.success() {
            bail!("QEMU: {status}");
        }
        Ok(())
    }

    fn watch(&self, lines: &Receiver<String>, mut take: impl FnMut(&str)) -> Result<()> {
        let end = Instant::now() + self.limit;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match lines.recv_timeout(self.silence.min(left)) {
                Ok(line) => take(&line),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) if left < self.silence => {
                    bail!("the emulated host was not done after {:?}", self.limit)
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!("the emulated host was silent for {:?}", self.silence)
                }
            }
        }
    }

    fn command(&self) -> Command {
        let mut qemu = Command::new("qemu-system-x86_64");
        // One thread for all CPUs: on a machine with two it is hardly slower than one for each, and easier to follow.
        qemu.args(["-accel", "tcg,thread=single", "-cpu", "EPYC,+svm,+npt"]);
        qemu.args(["-m", &self.memory_mib.to_string(), "-smp", &self.cpus.to_string()]);
        qemu.arg("-kernel").arg(&self.kernel).arg("-initrd").arg(&self.initramfs);
        // A defect of the host's kernel is to end the run: a panic reboots at once, and a reboot ends QEMU.
        qemu.args(["-append", "console=ttyS0 quiet oops=panic panic=-1 no_timer_check", "-no-reboot"]);
        qemu.args(["-nodefaults", "-display", "none", "-monitor", "none"]);
        qemu.arg("-serial").arg(format!("file:{}", self.console.display())).args(["-serial", "stdio"]);
        // Its stderr lists the processor's features that TCG lacks, on every start.
        qemu.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        qemu
    }
}

/// The lines QEMU prints, read by a thread of its own so that waiting for one can be given up.
fn lines(qemu: &mut Child) -> Result<Receiver<String>> {
    let output = qemu.stdout.take().context("QEMU has no output")?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// The end of the console's log, for a message.
pub(super) fn last_lines(console: &str) -> String {
    let lines: Vec<&str> = console.lines().collect();
    let tail = &lines[lines.len().saturating_sub(30)..];
    format!("the emulated host's console ends so:\n{}", tail.join("\n"))
}
