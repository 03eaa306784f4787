//! Databases: processes around one memory, and one file with a process on either side.

use super::{bring, driven};
use crate::case::Case;

/// initdb will not be root.
const AS_POSTGRES: &str = "setpriv --reuid postgres --regid postgres --init-groups sh postgres.sh";

pub(super) fn cases() -> Vec<Case> {
    let postgres = Case::words("PostgreSQL with initdb and pgbench", AS_POSTGRES)
        .needs(&["pg_ctlcluster", "setpriv"])
        .set_up(&format!("{}chmod 711 ..; chmod 777 .", bring("postgres.sh")));
    let both = Case::words("sqlite3 on both sides of one file", "python3 -B two_sides.py program host")
        .needs(&["python3", "sqlite3"])
        .set_up(&bring("two_sides.py"));
    vec![postgres.memory("2G").seconds(90), driven(both, "two_sides.sh")]
}
