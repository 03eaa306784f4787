//! Builds what the VMM carries inside itself: the LWK's image and the vDSO.
//!
//! One executable is shipped, so the two are embedded rather than looked for at run time. The LWK is a workspace of its
//! own, for a target without an operating system; it is built by a second cargo in a target folder below ours, so that
//! the two never wait for each other's locks. Nothing of the outer build may reach it: flags such as
//! `-C target-feature=+crt-static` or a clippy wrapper belong to the host's side.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const BARE_TARGET: &str = "x86_64-unknown-none";
/// What cargo and the build of the outer crate set that must not reach the inner build.
const FOREIGN: [&str; 6] =
    ["RUSTFLAGS", "RUSTDOCFLAGS", "RUSTC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTDOC"];
/// What of cargo's own variables may.
const SHARED: [&str; 4] = ["CARGO_HOME", "CARGO_MAKEFLAGS", "CARGO_NET_", "CARGO_HTTP_"];

fn main() {
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(variable("OUT_DIR"));
    let root = here.parent().expect("the crate lies in the workspace");
    let guest = root.join("guest-lwk");
    for path in
        ["src", "core/src", "vdso", "Cargo.toml", "core/Cargo.toml", "Cargo.lock", "link.ld", "build.rs", ".cargo"]
    {
        watch(&guest.join(path));
    }
    watch(&root.join("virtio-ikc/src"));
    watch(&here.join("build.rs"));
    ensure_target();
    build_lwk(&guest, &out);
    build_vdso(&guest.join("vdso"), &out);
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name} for build scripts"))
}

fn watch(path: &Path) {
    println!("cargo:rerun-if-changed={}", path.display());
}

/// rustup installs the bare target with the toolchain (rust-toolchain.toml) unless automatic installation is off.
fn ensure_target() {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let library = Command::new(rustc).args(["--print", "target-libdir", "--target", BARE_TARGET]).output();
    let installed = library.is_ok_and(|output| {
        output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    });
    if !installed {
        run(Command::new("rustup").args(["target", "add", BARE_TARGET]));
    }
}

/// Keeps the symbol table, which puts names to the addresses of a panic's trace, and drops the debug information.
fn build_lwk(guest: &Path, out: &Path) {
    let target = out.join("lwk");
    let mut cargo = Command::new(variable("CARGO"));
    cargo.current_dir(guest).args(["build", "--release", "--quiet", "--config", "profile.release.strip=\"debuginfo\""]);
    cargo.arg("--target-dir").arg(&target);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let cargos = text.starts_with("CARGO") && !SHARED.iter().any(|shared| text.starts_with(shared));
        if cargos || FOREIGN.contains(&text.as_ref()) {
            cargo.env_remove(&name);
        }
    }
    run(&mut cargo);
    let built = target.join(BARE_TARGET).join("release/guest-lwk");
    std::fs::copy(&built, out.join("lwk.elf")).expect("the LWK's image can be copied");
}

fn build_vdso(source: &Path, out: &Path) {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let object = out.join("vdso.o");
    let mut compile = Command::new(rustc);
    compile.arg(source.join("vdso.rs")).arg("-o").arg(&object);
    compile.args(["--edition", "2024", "--crate-type", "lib", "--emit", "obj", "--target", BARE_TARGET]);
    compile.args(["-C", "opt-level=3", "-C", "panic=abort", "-C", "relocation-model=pic", "-C", "codegen-units=1"]);
    // A function that begins within a cache line takes up one line more: a cycle in getcpu's nine.
    compile.args(["-C", "llvm-args=-align-all-functions=6"]);
    run(&mut compile);

    let mut link = Command::new("cc");
    link.args(["-shared", "-nostdlib", "-nostartfiles", "-Wl,-soname,linux-vdso.so.1", "-Wl,--hash-style=both"]);
    link.args([
        "-Wl,--gc-sections",
        "-Wl,-Bsymbolic",
        "-Wl,--no-undefined",
        "-Wl,--build-id=none",
        "-Wl,-z,noexecstack",
    ]);
    link.args(["-Wl,-z,max-page-size=4096", "-Wl,--strip-debug"]);
    link.arg(format!("-Wl,--version-script={}", source.join("vdso.map").display()));
    link.arg(format!("-Wl,-T,{}", source.join("vdso.lds").display()));
    link.arg(&object).arg("-o").arg(out.join("vdso.so"));
    run(&mut link);
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    assert!(status.success(), "{command:?} failed: {status}");
}
