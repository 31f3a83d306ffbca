python3 - <<"E"
import io, os, tarfile, gzip
w=os.environ["WORLD"]

i=tarfile.TarInfo("a/zero"); i.size=20<<30
with gzip.open(w+"/archive.tar.gz","wb",compresslevel=1) as g:
    g.write(i.tobuf(tarfile.GNU_FORMAT))
    block=b"\0"*(1<<24)
    for _ in range(40): g.write(block)
E
