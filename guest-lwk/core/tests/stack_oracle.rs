//! Linux has built the stack of this very process: built again from the same strings it must be the same.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use lwk_core::stack::{AT_EXECFN, AT_PLATFORM, AT_RANDOM, StackContents, StackImage};

/// Whatever the limit was, the strings have fitted.
const LIMIT: u64 = u64::MAX;

/// What Linux says of its own stack.
struct Native {
    /// End of the area named `[stack]`.
    top: u64,
    /// The stack pointer at the entry, and where the strings are (proc(5), fields 28 and 48 to 51 of `stat`).
    stack_pointer: u64,
    strings: [u64; 4],
    /// Everything from the stack pointer to the top.
    bytes: Vec<u8>,
}

fn native() -> Native {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let stack = maps.lines().find(|line| line.ends_with("[stack]")).unwrap();
    let end = stack.split(['-', ' ']).nth(1).unwrap();
    let top = u64::from_str_radix(end, 16).unwrap();

    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let behind_name = stat.rsplit(") ").next().unwrap();
    let fields: Vec<u64> = behind_name.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
    let field = |number: usize| fields[number - 3];
    let stack_pointer = field(28);

    let mut bytes = vec![0; usize::try_from(top - stack_pointer).unwrap()];
    File::open("/proc/self/mem").unwrap().read_exact_at(&mut bytes, stack_pointer).unwrap();
    Native { top, stack_pointer, strings: [field(48), field(49), field(50), field(51)], bytes }
}

fn strings(file: &str) -> Vec<Vec<u8>> {
    let bytes = fs::read(file).unwrap();
    let mut strings: Vec<Vec<u8>> = bytes.split(|&byte| byte == 0).map(<[u8]>::to_vec).collect();
    strings.pop();
    strings
}

fn auxiliary(bytes: &[u8]) -> Vec<(u64, u64)> {
    let words: Vec<u64> = bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap())).collect();
    words.chunks_exact(2).map(|pair| (pair[0], pair[1])).take_while(|&(key, _)| key != 0).collect()
}

fn value(auxiliary: &[(u64, u64)], key: u64) -> u64 {
    auxiliary.iter().find(|&&(of, _)| of == key).unwrap().1
}

/// The words up to the end of the auxiliary vector, with zeros instead of the addresses that depend on how far Linux
/// moves the stack by chance.
fn table(bytes: &[u8]) -> Vec<u64> {
    let mut words = bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap()));
    let mut table: Vec<u64> = Vec::new();
    for _list in 0..2 {
        table.extend(words.by_ref().take_while(|&word| word != 0));
    }
    while let (Some(key), Some(value)) = (words.next(), words.next()) {
        let is_random = key == AT_RANDOM || key == AT_PLATFORM;
        table.extend([key, if is_random { 0 } else { value }]);
        if key == 0 {
            break;
        }
    }
    table
}

fn build(native: &Native, auxiliary: &[(u64, u64)]) -> StackImage {
    let (arguments, environment) = (strings("/proc/self/cmdline"), strings("/proc/self/environ"));
    let at = |address: u64| usize::try_from(address - native.stack_pointer).unwrap();
    let exec_name = &native.bytes[at(value(auxiliary, AT_EXECFN))..native.bytes.len() - 9];
    let random = at(value(auxiliary, AT_RANDOM));
    let contents = StackContents {
        arguments: &arguments.iter().map(Vec::as_slice).collect::<Vec<_>>(),
        environment: &environment.iter().map(Vec::as_slice).collect::<Vec<_>>(),
        exec_name,
        auxiliary,
        random: native.bytes[random..random + 16].try_into().unwrap(),
    };
    contents.build(native.top, LIMIT).unwrap()
}

#[test]
fn the_stack_of_this_process_is_built_as_linux_built_it() {
    let (native, vector) = (native(), auxiliary(&fs::read("/proc/self/auxv").unwrap()));
    let image = build(&native, &vector);
    let built = [image.arguments.start, image.arguments.end, image.environment.start, image.environment.end];
    assert_eq!(built, native.strings);
    let string_bytes = usize::try_from(native.top - image.arguments.start).unwrap();
    assert_eq!(image.bytes[image.bytes.len() - string_bytes..], native.bytes[native.bytes.len() - string_bytes..]);
    assert_eq!(table(&image.bytes), table(&native.bytes));

    // Linux moves what is below the strings down by chance; from there on every distance is the same.
    let built_vector = &image.bytes[usize::try_from(image.auxiliary.start - image.stack_pointer).unwrap()..];
    let distance = value(&vector, AT_PLATFORM) - native.stack_pointer;
    assert_eq!(value(&auxiliary(built_vector), AT_PLATFORM) - image.stack_pointer, distance);
}
