# "$@" writes on the one side, a process of the host's on the other.
sqlite3 both.db 'PRAGMA journal_mode=WAL; CREATE TABLE t(who TEXT, number INTEGER);'
"$@" >program.txt &
program=$!
python3 -B two_sides.py host program >host.txt &
wait $program || { status=$?; kill $!; exit $status; }
wait
cat program.txt host.txt
sqlite3 both.db 'PRAGMA integrity_check; SELECT who, count(*), sum(number) FROM t GROUP BY who ORDER BY who;' \
    'PRAGMA wal_checkpoint(TRUNCATE);'
rm -f both.db* program.txt host.txt
exit 0
