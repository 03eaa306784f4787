# What a run of `python3 -m test --junit-xml FILE` found: each test that did not succeed, and how many there were.
import sys
import xml.etree.ElementTree as xml

seen = 0
lines = set()
for case in xml.parse(sys.argv[1]).iter('testcase'):
    seen += 1
    kinds = [child.tag for child in case if child.tag in ('failure', 'error', 'skipped')]
    lines.update(f'{kind} {case.get("name")}' for kind in kinds)
print(*sorted(lines), f'{seen} tests', sep='\n')
