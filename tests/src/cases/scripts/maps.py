import mmap, os

with open("mapped", "wb+") as file:
    file.write(b"0123456789" * 1000)
    file.flush()
    with mmap.mmap(file.fileno(), 0) as memory:
        memory[5000:5007] = b"changed"
        print(memory.find(b"changed"), len(memory))
        memory.flush()
        print(os.pread(file.fileno(), 7, 5000))
        memory.resize(20000)
        memory[19990:20000] = b"at the end"
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as memory:
        memory[0:4] = b"copy"
        print(memory[0:4], os.pread(file.fileno(), 4, 0))
with mmap.mmap(-1, 64 << 20) as memory:
    memory[1 << 20 : (1 << 20) + 5] = b"hello"
    print(memory.rfind(b"hello"), memory[0], memory[-1])
    memory.madvise(mmap.MADV_DONTNEED)
print(os.stat("mapped").st_size)
