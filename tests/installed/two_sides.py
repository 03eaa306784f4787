# One of two writers on one database with a write-ahead log: `two_sides.py MINE OTHER`. They meet, then each writes rows in
# transactions of its own and reads the other's as they come; neither ends before it has seen all of them.
import sqlite3, sys, time

mine, other = sys.argv[1:]
rows, deadline = 100, time.monotonic() + 50
database = sqlite3.connect('both.db', timeout=50, isolation_level=None)


def count(who):
    return database.execute('SELECT count(*) FROM t WHERE who = ?', (who,)).fetchone()[0]


def write(number):
    database.execute('INSERT INTO t VALUES (?, ?)', (mine, number))


def wait_for(wanted):
    while count(other) < wanted and time.monotonic() < deadline:
        time.sleep(0.001)


seen = 0
write(0)
wait_for(1)
for number in range(1, rows):
    write(number)
    now = count(other)
    if now < seen:
        print(mine, 'lost sight of', seen - now)
    seen = now
    if number % 10 == 0:
        wait_for(number - 9)
wait_for(rows)
print(mine, 'sees', count(mine), count(other))
