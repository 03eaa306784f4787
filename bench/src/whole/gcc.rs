//! gcc compiles a large file: a program that starts others, allocates much and frees little.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;

use super::{Preparation, with_installed, write};

/// Functions in the file; each is a dozen lines, of which -O2 makes many.
const FUNCTIONS: u32 = 150;

pub(super) fn prepare(folder: &Path) -> Result<Preparation> {
    with_installed("gcc", |gcc| {
        let source = write(folder, "large.c", &large()?)?;
        let words = ["-O2".as_ref(), "-c".as_ref(), "-o".as_ref(), "large.o".as_ref(), source.as_os_str()];
        Ok(Preparation::run(gcc, words).with(["--result", "large.o"]))
    })
}

fn large() -> Result<String> {
    let mut text = String::from("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n");
    for number in 0..FUNCTIONS {
        write!(
            text,
            "int f{number}(const char *s, int n) {{
    int sum = {number}, table[{size}];
    for (int i = 0; i < {size}; i++) table[i] = i * {number} % 31;
    for (int i = 0; i < n; i++) {{
        switch (s[i] % 5) {{
        case 0: sum += table[s[i] & 7]; break;
        case 1: sum ^= i * {number}; break;
        case 2: sum = sum < 0 ? -sum : sum / 3; break;
        default: sum += (int)strlen(s + i);
        }}
    }}
    return sum;
}}
",
            size = 8 + number % 8,
        )?;
    }
    Ok(text)
}
