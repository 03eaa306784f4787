import gc

blocks = [bytearray(1 << 20) for _ in range(200)]
for number, block in enumerate(blocks):
    block[0] = block[-1] = number % 256
print(sum(block[0] + block[-1] for block in blocks))
del blocks[::2]
table = {number: str(number) * 3 for number in range(500000)}
print(len(table), table[499999])
table.clear()
gc.collect()
tree = []
for _ in range(1000):
    tree = [tree]
depth = 0
while tree:
    tree, depth = tree[0], depth + 1
print(depth, len(blocks))
try:
    bytearray(1 << 46)
except MemoryError:
    print("MemoryError")
