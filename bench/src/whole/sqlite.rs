//! sqlite3 inserts a million rows into a new file in one transaction, indexes and sums them.

use std::path::Path;

use anyhow::Result;

use super::{Preparation, with_installed, write};

const SCRIPT: &str = "\
drop table if exists rows;
create table rows (id integer primary key, value integer, text text);
begin;
with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 1000000)
insert into rows select n, (n * 7919) % 1000003, 'row ' || n from numbers;
commit;
create index by_value on rows (value);
select count(*), sum(value), max(text) from rows;
select text from rows where value = 7919;
";

pub(super) fn prepare(folder: &Path) -> Result<Preparation> {
    with_installed("sqlite3", |sqlite| {
        let script = write(folder, "rows.sql", SCRIPT)?;
        let words = [folder.join("rows.db").into_os_string(), format!(".read {}", script.display()).into()];
        Ok(Preparation::run(sqlite, words))
    })
}
