# A cluster made, filled, used by four clients at once and ended; what varies (rates, times) is left out.
set -e
export PATH=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1):$PATH PGHOST=$PWD PGPORT=7394 PGUSER=postgres PGDATABASE=postgres
initdb -D data -A trust --no-sync >init.log 2>&1 && echo initdb done
pg_ctl -D data -l server.log -o "-k $PWD -p 7394 -c listen_addresses= -c fsync=off" -w start >/dev/null && echo started
pgbench -i -q -s 1 >/dev/null 2>&1 && echo filled
pgbench -c 4 -j 2 -t 50 2>/dev/null | grep 'actually processed\|failed'
psql -Atq <<'X'
SELECT count(*) FROM pgbench_history;
SELECT count(*), sum(aid) FROM pgbench_accounts;
SELECT sum(abalance) = (SELECT sum(delta) FROM pgbench_history) FROM pgbench_accounts;
SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT sum(bid) FROM pgbench_accounts;
VACUUM FULL ANALYZE pgbench_accounts;
CHECKPOINT;
X
psql -Atc 'SELECT count(*) FROM pgbench_accounts'
pg_ctl -D data -m fast -w stop >/dev/null && echo stopped
rm -rf data init.log server.log
