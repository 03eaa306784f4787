import hashlib, os

count, size, digest = 0, 0, hashlib.sha256()
for folder, folders, files in os.walk("/usr/include"):
    folders.sort()
    for name in sorted(files):
        path = os.path.join(folder, name)
        status = os.lstat(path)
        count += 1
        size += status.st_size
        digest.update(f"{path} {status.st_mode} {status.st_size}\n".encode())
print(count > 100, count, size, digest.hexdigest())
