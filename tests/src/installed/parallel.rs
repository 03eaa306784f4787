//! Message passing: ranks that share memory and poll each other, started by a daemon that pipes their output.

use super::bring;
use crate::case::Case;

const ROOT_MAY: &str = "OMPI_ALLOW_RUN_AS_ROOT";

pub(super) fn cases() -> Vec<Case> {
    ["openmpi", "mpich"].map(with).to_vec()
}

fn with(library: &'static str) -> Case {
    let (compiler, launcher) = match library {
        "openmpi" => ("mpicc.openmpi", "mpirun.openmpi"),
        _ => ("mpicc.mpich", "mpirun.mpich"),
    };
    Case::new(&format!("two ranks of {library}"), [launcher, "-n", "2", "./ranks"])
        .needs(&[compiler, launcher])
        .set_up(&format!("{}{compiler} -O1 ranks.c -o ranks", bring("ranks.c")))
        .variable(ROOT_MAY, "1")
        .variable(&format!("{ROOT_MAY}_CONFIRM"), "1")
        .memory("2G")
        .seconds(90)
}
