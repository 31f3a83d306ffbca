python3 - <<"E"
import io, os, tarfile, gzip
w=os.environ["WORLD"]

t=tarfile.open(w+"/archive.tar.gz","w:gz")
for n,k in (("a/fifo",tarfile.FIFOTYPE),("a/blk",tarfile.BLKTYPE)):
    i=tarfile.TarInfo(n); i.type=k; t.addfile(i)
i=tarfile.TarInfo("/".join(["d"]*30000)); i.size=1; t.addfile(i, io.BytesIO(b"x"))
t.close()
E
