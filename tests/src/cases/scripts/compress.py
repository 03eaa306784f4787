import bz2, gzip, hashlib, lzma, zipfile, zlib

data = b"".join(b"%d %x\n" % (n, n * 7919) for n in range(100000))
for module in (zlib, bz2, lzma):
    packed = module.compress(data)
    print(module.__name__, len(data) > 2 * len(packed), module.decompress(packed) == data)
with gzip.GzipFile("data.gz", "wb", mtime=0) as file:
    file.write(data)
with gzip.open("data.gz") as file:
    print(hashlib.sha256(file.read()).hexdigest())
with zipfile.ZipFile("data.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr(zipfile.ZipInfo("inside/data"), data)
with zipfile.ZipFile("data.zip") as archive:
    print(archive.testzip(), [entry.filename for entry in archive.infolist()])
