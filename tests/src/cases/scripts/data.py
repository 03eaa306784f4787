import csv, hashlib, json, sqlite3

connection = sqlite3.connect("python.db")
connection.execute("create table points(x integer, y real, name text)")
with connection:
    connection.executemany("insert into points values (?, ?, ?)", ((n, n / 3, f"p{n % 7}") for n in range(5000)))
for row in connection.execute("select name, count(*), round(sum(y), 3) from points group by name order by name"):
    print(row)
connection.close()
document = {"numbers": list(range(1000)), "nested": {"text": "\u00e4\u00f6\u00fc \u20ac", "none": None, "real": 0.1}}
with open("document.json", "w") as file:
    json.dump(document, file, indent=1, sort_keys=True)
with open("document.json") as file:
    print(json.load(file) == document)
with open("table.csv", "w", newline="") as file:
    csv.writer(file).writerows([n, n * n, f"with, comma {n}"] for n in range(100))
print(hashlib.sha3_256(open("table.csv", "rb").read()).hexdigest())
