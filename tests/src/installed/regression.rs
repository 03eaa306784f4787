//! Python's own regression tests of what it asks of a kernel. What fails natively may fail on the LWK; nothing else may.

use std::iter;

use super::{bring, driven};
use crate::case::Case;

/// A module, tests of it that are left out, and whether it is short.
type Module = (&'static str, &'static [&'static str], bool);

const MODULES: [Module; 7] = [
    ("os", &[], true),
    ("select", &[], true),
    ("mmap", &[], true),
    ("threading", &[], false),
    ("subprocess", &[], false),
    ("signal", &[], false),
    // In a virtual machine whose host has no vsock for it, these wait for ever; and a thread that they leave takes the signal
    // of the other test. What sethostname(2) does is in docs/differences.md.
    ("socket", &["*VSOCK*", "testInterruptedTimeout", "test_sethostname"], false),
];

pub(super) fn cases() -> Vec<Case> {
    MODULES.iter().map(case).collect()
}

fn case((module, without, short): &Module) -> Case {
    let tests = format!("/usr/lib/python3.11/test/test_{module}.py");
    let test = "-B -m test -v --junit-xml found.xml";
    let mut command: Vec<_> = iter::once("/usr/bin/python3.11").chain(test.split(' ')).map(str::to_owned).collect();
    command.extend(without.iter().flat_map(|test| ["-i".to_owned(), (*test).to_owned()]));
    command.push(format!("test_{module}"));
    let case = Case::new(&format!("Python's own tests of {module}"), command)
        .needs(&["python3", Box::leak(tests.into_boxed_str())])
        .set_up(&bring("found.py"))
        .memory("2G")
        .seconds(300);
    let case = if *short { case } else { case.long() };
    driven(case, "regression.sh")
}
