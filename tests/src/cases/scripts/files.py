import os, shutil, tempfile

os.makedirs("a/b/c")
with open("a/text", "w") as file:
    for number in range(10000):
        file.write(f"line {number}\n")
with open("a/text") as file:
    file.seek(5000)
    file.readline()
    print(file.readline().strip(), file.tell())
with open("a/b/bytes", "wb+") as file:
    file.write(bytes(range(256)) * 100)
    file.seek(-10, os.SEEK_END)
    print(file.read())
    file.truncate(1000)
print(os.stat("a/b/bytes").st_size, oct(os.stat("a/text").st_mode))
shutil.copytree("a", "copy")
os.rename("copy/text", "copy/renamed")
os.symlink("renamed", "copy/link")
os.utime("copy/renamed", (1, 2))
print(sorted(os.listdir("copy")), os.readlink("copy/link"))
try:
    open("missing/file")
except OSError as error:
    print(error)
try:
    os.rmdir("a")
except OSError as error:
    print(error.errno, error.strerror)
with tempfile.TemporaryDirectory(dir=".") as folder:
    open(os.path.join(folder, "x"), "w").close()
shutil.rmtree("a")
print(sorted(os.listdir(".")))
