"""What pyperformance measures, in one loop: numbers, dictionaries, strings, objects, JSON. Prints what it found."""

import json
import re
import zlib


class Body:
    def __init__(self, place, speed, mass):
        self.place, self.speed, self.mass = place, speed, mass


def bodies(steps):
    system = [Body([i * 1.5, i * i * 0.5, -i * 0.25], [0.1 * i, 0.0, 0.05], 1.0 + i) for i in range(5)]
    for _ in range(steps):
        for at, one in enumerate(system):
            for other in system[at + 1:]:
                away = [a - b for a, b in zip(one.place, other.place)]
                factor = 0.001 / (sum(d * d for d in away) + 0.01) ** 1.5
                for axis in range(3):
                    one.speed[axis] -= away[axis] * other.mass * factor
                    other.speed[axis] += away[axis] * one.mass * factor
        for body in system:
            body.place = [p + 0.001 * s for p, s in zip(body.place, body.speed)]
    return round(sum(sum(body.place) for body in system), 9)


def words(count):
    text = " ".join(f"word{i % 977} {i * i}" for i in range(count))
    seen = {}
    for word in re.findall(r"[a-z]+\d+", text):
        seen[word] = seen.get(word, 0) + 1
    return sorted(seen.items(), key=lambda item: (-item[1], item[0]))[:3]


def documents(count):
    document = {"numbers": list(range(200)), "names": {str(i): "x" * i for i in range(50)}}
    total = 0
    for _ in range(count):
        total += zlib.crc32(json.dumps(json.loads(json.dumps(document))).encode())
    return total


def queens(n, row=0, columns=0, left=0, right=0):
    if row == n:
        return 1
    found = 0
    for column in range(n):
        bit = 1 << column
        if not (columns | left | right) & bit:
            found += queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1)
    return found


print(bodies(30_000), words(500_000), documents(6000), queens(9))
