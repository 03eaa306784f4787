# Runs every case natively and then on the LWK, once for each CPU list, and compares stdout and exit status.
# usage: sh cases.sh SECONDS-PER-CASE CPU-LIST...   (on the emulated host; the cases stand in /class-h/cases.txt)
limit=$1
shift
configurations=$*
results=/tmp/results
mkdir -p $results

# Sets now to the centiseconds since boot.
look_at_clock() {
    read -r uptime idle </proc/uptime
    now=${uptime%.*}${uptime#*.}
}

# run NAME COMMAND...: in an empty folder, with an empty stdin; leaves NAME.out, NAME.err and the variable status.
# The braces keep the shell from reporting, among our lines, the signal that ended a program.
run() {
    name=$results/$1
    shift
    rmdir /tmp/case 2>/dev/null || rm -rf /tmp/case
    mkdir /tmp/case
    {
        (cd /tmp/case && exec timeout -k 5 "$limit" "$@" </dev/null >"$name.out" 2>"$name.err")
        status=$?
    } 2>/dev/null
}

# excerpt FILE: so much of it that a log stays readable.
excerpt() {
    head -c 3000 "$1" | head -n 40 | sed "s/^/    ${1##*.}| /"
}

explain() {
    echo "    natively: status $expected; on the LWK: status $status"
    diff $results/native.out $results/lwk.out >$results/lwk.diff
    excerpt $results/lwk.diff
    excerpt $results/lwk.err
}

compare() {
    look_at_clock
    began=$now
    run lwk /lwk-vmm --privilege ring0 --cpus "$configuration" -- "$@"
    look_at_clock
    took=$((now - began))
    if [ "$status" = "$expected" ] && cmp -s $results/native.out $results/lwk.out; then
        echo "@ok $configuration $took $line"
    else
        echo "@FAIL $configuration $took $line"
        explain
    fi
}

while IFS= read -r line <&3; do
    case $line in '' | '#'*) continue ;; esac
    eval "set -- $line"
    program=/class-h/programs/$1
    shift
    look_at_clock
    began=$now
    run native "$program" "$@"
    expected=$status
    look_at_clock
    if [ $((now - began)) -ge $((limit * 100)) ] || [ ! -x "$program" ]; then
        for configuration in $configurations; do
            echo "@FAIL $configuration 0 $line"
            echo "    it does not run natively: missing, or longer than $limit s"
        done
        continue
    fi
    for configuration in $configurations; do
        compare "$program" "$@"
    done
done 3</class-h/cases.txt
