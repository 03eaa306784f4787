# "$@" runs a module of Python's own tests on either side; what it found is compared, not what it said on the way.
"$@" >said 2>&1
status=$?
[ $status -ne 125 ] || { cat said >&2; exit $status; }
python3 found.py found.xml || tail -n 50 said
rm -rf said found.xml
exit 0
