use super::*;
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const EXECUTABLE: u32 = 0o755;

/// A working directory with programs in it.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn put(&self, name: &str, bytes: &[u8], mode: u32) -> &Self {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(&path, bytes).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("changed");
        self
    }

    fn find(&self, name: &str, path: &str) -> Result<Program, ProgramError> {
        let environment = Environment::new([("PATH".into(), path.into())]);
        Program::find(name.as_ref(), &environment, self.0.path())
    }

    fn refused(&self, name: &str) -> (u8, String) {
        let error = self.find(name, ".").expect_err("refused");
        let message = error.to_string();
        assert!(!message.contains('\n'), "{message:?}");
        (error.exit_code(), message)
    }
}

/// Program header: kind, file offset, address, bytes in the file.
type Segment = (u32, u64, u64, u64);

/// A static executable that loads its first page.
fn elf(segments: &[Segment]) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    file.extend(0x40_1000_u64.to_le_bytes());
    file.extend(64_u64.to_le_bytes());
    file.extend([0; 12]);
    let count = u8::try_from(segments.len()).expect("few");
    file.extend([64, 0, 56, 0, count, 0, 64, 0, 0, 0, 0, 0]);
    for (kind, offset, address, length) in segments {
        file.extend(kind.to_le_bytes());
        file.extend(5_u32.to_le_bytes());
        for field in [*offset, *address, *address, *length, *length, 4096] {
            file.extend(field.to_le_bytes());
        }
    }
    file
}

fn good_elf() -> Vec<u8> {
    elf(&[(abi_load(), 0, 0x40_0000, 64)])
}

const fn abi_load() -> u32 {
    elf::abi::PT_LOAD
}

fn dynamic_elf(interpreter: &str) -> Vec<u8> {
    let length = interpreter.len() as u64 + 1;
    let mut file = elf(&[(abi_load(), 0, 0x40_0000, 64), (elf::abi::PT_INTERP, 176, 0, length)]);
    assert_eq!(file.len(), 176);
    file.extend(interpreter.as_bytes());
    file.push(0);
    file
}

#[test]
fn a_name_without_slash_is_looked_up_in_path_and_in_its_order() {
    let place = Place::new();
    place.put("a/tool", b"#!x", 0o644).put("b/tool", &good_elf(), EXECUTABLE);
    place.put("c/tool", &good_elf(), EXECUTABLE);
    assert_eq!(place.find("tool", "none:a:b:c").expect("found").path, Path::new("b/tool"));
}

#[test]
fn an_empty_entry_of_path_is_the_working_directory() {
    let place = Place::new();
    place.put("tool", &good_elf(), EXECUTABLE);
    assert_eq!(place.find("tool", "none:").expect("found").path, Path::new("./tool"));
}

#[test]
fn without_path_the_system_directories_are_searched() {
    let found = Program::find("sh".as_ref(), &Environment::default(), Path::new("/"));
    assert_eq!(found.expect("found").path, Path::new("/bin/sh"));
}

#[test]
fn a_name_with_slash_is_relative_to_the_working_directory() {
    let place = Place::new();
    place.put("sub/tool", &good_elf(), EXECUTABLE);
    assert_eq!(place.find("sub/tool", "").expect("found").path, Path::new("sub/tool"));
}

#[test]
fn missing_programs_are_127() {
    let place = Place::new();
    place.put("file", b"", EXECUTABLE);
    assert_eq!(place.refused("nothing").0, 127);
    assert_eq!(place.refused("").0, 127);
    assert_eq!(place.refused("./nothing").0, 127);
    assert_eq!(place.refused("file/nothing").0, 127);
}

#[test]
fn what_cannot_be_executed_is_126() {
    let place = Place::new();
    place.put("dir/tool", &good_elf(), 0o644).put("text", b"echo", EXECUTABLE);
    place.put("empty", b"", EXECUTABLE);
    for (name, words) in [
        ("./dir", "is a directory"),
        ("dir/tool", "permission denied"),
        ("text", "neither an ELF"),
        ("empty", "neither an ELF"),
        ("/dev/null", "not a regular file"),
    ] {
        let (code, message) = place.refused(name);
        assert_eq!(code, 126, "{message}");
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn a_file_that_is_not_executable_in_path_is_126_when_nothing_better_follows() {
    let place = Place::new();
    place.put("tool", &good_elf(), 0o644);
    assert_eq!(place.refused("tool").0, 126);
}

#[test]
fn scripts_put_their_interpreters_before_the_arguments() {
    let place = Place::new();
    place.put("inner", &good_elf(), EXECUTABLE);
    place.put("outer", b"#!inner -x y\n", EXECUTABLE);
    place.put("script", b"#! outer\n", EXECUTABLE);
    let program = place.find("./script", "").expect("found");
    assert_eq!(program.binary, Path::new("inner"));
    let argv = program.argv(&["./script".into(), "1".into()]);
    assert_eq!(argv, ["inner", "-x y", "outer", "./script", "1"]);
}

#[test]
fn a_script_that_interprets_itself_is_refused() {
    let place = Place::new();
    place.put("loop", b"#!loop\n", EXECUTABLE);
    assert_eq!(place.refused("loop").0, 126);
}

#[test]
fn a_missing_interpreter_is_127_and_named() {
    let place = Place::new();
    place.put("script", b"#!/no/such\n", EXECUTABLE).put("dynamic", &dynamic_elf("/no/such"), EXECUTABLE);
    for name in ["script", "dynamic"] {
        let (code, message) = place.refused(name);
        assert_eq!(code, 127);
        assert!(message.contains("/no/such"), "{message}");
    }
}

#[test]
fn a_dynamic_program_with_its_interpreter_is_accepted() {
    let place = Place::new();
    place.put("ld.so", &good_elf(), EXECUTABLE).put("dynamic", &dynamic_elf("ld.so"), EXECUTABLE);
    assert!(place.find("dynamic", ".").is_ok());
}

#[test]
fn the_programs_of_this_system_are_accepted() {
    for name in ["sh", "true", "ls"] {
        let found = Program::find(name.as_ref(), &Environment::default(), Path::new("/"));
        assert!(found.is_ok(), "{found:?}");
    }
}

#[test]
fn foreign_elf_files_are_126() {
    let place = Place::new();
    let patch = |at: usize, byte: u8| {
        let mut file = good_elf();
        file[at] = byte;
        file
    };
    for (at, byte, words) in [
        (4, 1, "32-bit"),
        (5, 2, "little-endian"),
        (18, 40, "another machine"),
        (16, 1, "no executable"),
        (54, 0, "wrong size"),
        (56, 0, "out of range"),
    ] {
        place.put("foreign", &patch(at, byte), EXECUTABLE);
        let (code, message) = place.refused("foreign");
        assert_eq!(code, 126, "{message}");
        assert!(message.contains(words), "{message}");
    }
}

proptest! {
    #[test]
    fn every_truncation_is_refused_without_a_panic(length in 4..120usize) {
        let place = Place::new();
        place.put("cut", &good_elf()[..length], EXECUTABLE);
        prop_assert_eq!(place.refused("cut").0, 126);
    }

    #[test]
    fn damaged_headers_never_panic(changes in prop::collection::vec((4..220usize, any::<u8>()), 1..12)) {
        let place = Place::new();
        let mut file = dynamic_elf("ld.so-that-is-long-enough-to-fill-the-file");
        for (at, byte) in changes {
            let at = at.min(file.len() - 1);
            file[at] = byte;
        }
        place.put("damaged", &file, EXECUTABLE);
        let _ = place.find("damaged", ".");
    }
}
