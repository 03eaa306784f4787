//! Programs that are many: shells with pipelines and jobs, builds, version control, interpreters with processes and threads.

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let shells = SHELLS.iter().map(|(name, script)| Case::new(name, ["bash", "-c", script]).needs(&["bash"]));
    let python = PYTHON
        .iter()
        .map(|(name, script)| Case::new(name, ["python3", "-B", "-c", script]).needs(&["python3"]).seconds(120));
    let perl = PERL.iter().map(|(name, script)| Case::new(name, ["perl", "-e", script]).needs(&["perl"]));
    let builds = BUILDS.iter().map(|(name, script)| {
        Case::new(name, ["bash", "-c", script]).needs(&["bash", "gcc", "make", "git"]).seconds(120)
    });
    shells.chain(python).chain(perl).chain(builds).collect()
}

const SHELLS: [(&str, &str); 14] = [
    ("bash with a pipeline", "seq 1 1000 | grep 7 | sort -rn | head -5"),
    ("bash with a here-document", "cat <<X | tr a-z A-Z\nhello $((1 + 2))\nX"),
    ("bash with a trap at exit", "trap 'echo trapped $?' EXIT; (exit 3); echo $?; exit"),
    ("bash with a trapped signal", "trap 'echo usr1' USR1; kill -USR1 $$; echo after"),
    ("bash waits for jobs", "for i in 1 2 3; do (exit $i) & wait $!; echo $?; done"),
    ("bash with substitutions", "a=$(echo sub; echo shell | wc -c); echo \"$a\"; diff <(seq 3) <(seq 2 4); true"),
    (
        "bash stops and continues a job",
        "set -m; sleep 9 & kill -STOP %1; sleep 0.2; jobs; kill -CONT %1; kill %1; wait %1; echo $?",
    ),
    ("bash kills a job", "sleep 9 & kill -9 $!; wait $! 2>/dev/null; echo $?"),
    ("bash ignores its children", "trap '' CHLD; (exit 3) & wait; echo $?"),
    ("bash with an orphan", "(sleep 0.3; echo late > orphan) & disown; sleep 0.8; cat orphan"),
    ("bash with a coprocess", "coproc tr a-z A-Z; echo word >&${COPROC[1]}; exec {COPROC[1]}>&-; cat <&${COPROC[0]}"),
    ("xargs runs in parallel", "seq 1 20 | xargs -n 1 -P 4 expr 2 '*' | sort -n | tr '\\n' ' '"),
    ("find executes", "mkdir d; touch d/a d/b d/c; find d -type f -exec basename {} \\; | sort"),
    ("tar through gzip", "mkdir d; seq 1 5000 > d/f; tar cf - d | gzip | gzip -d | tar tf -"),
];

const PYTHON: [(&str, &str); 6] = [
    ("python3 with threads", THREADS),
    ("python3 runs programs", SUBPROCESSES),
    ("python3 with worker processes", WORKERS),
    ("python3 with asyncio and a child", ASYNCIO),
    (
        "python3 forks with threads",
        "import os, threading\nt = threading.Thread(target=lambda: None); t.start(); t.join()\np = os.fork()\nif p == 0: os._exit(7)\nprint(os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]))",
    ),
    ("python3 shares memory with a child", SHARED_MEMORY),
];

const THREADS: &str = "
import queue, threading
numbers, results = queue.Queue(), []
def work():
    while (number := numbers.get()) is not None:
        results.append(number * number)
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for number in range(2000): numbers.put(number)
for _ in threads: numbers.put(None)
for thread in threads: thread.join()
print(len(results), sum(results))
";

const SUBPROCESSES: &str = "
import subprocess
print(subprocess.run(['echo', 'hi'], capture_output=True).stdout)
print(subprocess.check_output('seq 5 | tac', shell=True))
print(subprocess.run(['sh', '-c', 'exit 5']).returncode)
child = subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(child.communicate(b'through a pipe')[0])
child = subprocess.Popen(['sleep', '60']); child.terminate(); print(child.wait())
";

const WORKERS: &str = "
import multiprocessing
def square(number): return number * number
if __name__ == '__main__':
    with multiprocessing.get_context('fork').Pool(3) as pool:
        print(pool.map(square, range(20)))
    queue = multiprocessing.Queue()
    child = multiprocessing.get_context('fork').Process(target=lambda: queue.put('from the child'))
    child.start(); print(queue.get()); child.join(); print(child.exitcode)
";

const ASYNCIO: &str = "
import asyncio
async def main():
    child = await asyncio.create_subprocess_exec('sh', '-c', 'cat; exit 4', stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    print(await child.communicate(b'words'), child.returncode)
    print(sorted(await asyncio.gather(*(asyncio.sleep(0.01 * n, n) for n in range(5)))))
asyncio.run(main())
";

const SHARED_MEMORY: &str = "
import mmap, os
memory = mmap.mmap(-1, 4096)
child = os.fork()
if child == 0:
    memory[:5] = b'child'
    os._exit(0)
os.waitpid(child, 0)
print(memory[:5])
";

const PERL: [(&str, &str); 3] = [
    ("perl forks and waits", "my $p = fork(); exit 3 unless $p; waitpid($p, 0); print $? >> 8, \"\\n\""),
    ("perl with pipes to programs", "print `echo hi`; open(P, '|cat'); print P \"x\\n\"; close P; print $?, \"\\n\""),
    ("perl hears of its child", "$SIG{CHLD} = sub { print \"chld\\n\" }; system('true'); print $?, \"\\n\""),
];

const BUILDS: [(&str, &str); 4] = [
    (
        "make builds in parallel",
        "for i in 1 2 3 4; do echo \"int f$i(void) { return $i; }\" > f$i.c; done\n\
         echo 'int f1(void); int f4(void); int main(void) { return f1() + f4(); }' > main.c\n\
         printf 'all: main.o f1.o f2.o f3.o f4.o\\n\\tgcc -o program $^\\n%%.o: %%.c\\n\\tgcc -O1 -c $<\\n' > Makefile\n\
         make -s -j3 && ./program; echo $?",
    ),
    (
        "gcc with OpenMP",
        "printf '#include <stdio.h>\\nint main(void) { long s = 0;\\n#pragma omp parallel for reduction(+:s) num_threads(4)\\n\
         for (long i = 0; i < 1000000; i++) s += i;\\nprintf(\"%%ld\\\\n\", s); }\\n' > p.c; gcc -fopenmp -O2 p.c -o p && ./p",
    ),
    (
        "git with a local repository",
        "export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'\n\
         git init -q -b trunk one && cd one && git config user.email a@b && git config user.name x && echo a > f && git add f\n\
         git commit -q -m first && git log --format='%H %s' && cd .. && git clone -q one two && cat two/f && rm -rf one two",
    ),
    (
        "sqlite3 writes ahead from two processes",
        "sqlite3 d.db 'pragma journal_mode=wal; create table t(a);' && (for i in 1 2 3; do sqlite3 -cmd '.timeout 5000' d.db \"insert into t values($i)\"; done) & \
      wait; sqlite3 -cmd '.timeout 5000' d.db 'insert into t values(9); select sum(a) from t;'; rm -f d.db*",
    ),
];
