//! sqlite3 with a database in a file: locks, journals, fsync, mmap.

use crate::case::Case;

const FILL: &str = "PRAGMA journal_mode=DELETE; CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, value REAL); \
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<20000) \
    INSERT INTO t SELECT i, 'name-' || (i * 7919 % 20011), i / 7.0 FROM n; CREATE INDEX byname ON t(name);";

pub(super) fn cases() -> Vec<Case> {
    let filled = format!("sqlite3 data.db \"{FILL}\"");
    let on_data = |name: &str, sql: &str| Case::new(name, ["sqlite3", "-batch", "data.db", sql]).set_up(&filled);
    let cases = vec![
        Case::new("sqlite3 makes a database", ["sqlite3", "data.db", FILL]),
        on_data(
            "sqlite3 queries",
            "SELECT count(*), sum(value) FROM t; SELECT * FROM t WHERE name LIKE 'name-19%' ORDER BY name LIMIT 20;",
        ),
        on_data(
            "sqlite3 changes",
            "BEGIN; UPDATE t SET value = value * 2 WHERE id % 3 = 0; DELETE FROM t WHERE id > 15000; \
             COMMIT; VACUUM; SELECT count(*) FROM t;",
        ),
        on_data(
            "sqlite3 rolls back",
            "BEGIN; DELETE FROM t; SELECT count(*) FROM t; ROLLBACK; SELECT count(*) FROM t;",
        ),
        on_data(
            "sqlite3 with a write-ahead log",
            "PRAGMA journal_mode=WAL; INSERT INTO t(name) VALUES ('wal'); \
             SELECT name FROM t WHERE id > 20000; PRAGMA wal_checkpoint(TRUNCATE);",
        ),
        on_data("sqlite3 maps its file", "PRAGMA mmap_size=268435456; SELECT count(DISTINCT name) FROM t;"),
        on_data("sqlite3 checks its file", "PRAGMA integrity_check; PRAGMA page_count;"),
        on_data("sqlite3 with a wrong query", "SELECT nothing FROM nowhere;").status(1),
        Case::new("sqlite3 in memory from stdin", ["sqlite3"])
            .stdin("CREATE TABLE a(x); INSERT INTO a VALUES (1),(2),(3);\n.mode csv\nSELECT x, x*x FROM a;\n.dump\n"),
    ];
    cases.into_iter().map(|case| case.needs(&["sqlite3"])).collect()
}
