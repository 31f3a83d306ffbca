python3 - <<"E"
import io, os, tarfile, gzip
w=os.environ["WORLD"]

t=tarfile.open(w+"/archive.tar.gz","w:gz")
def f(name, data=b"pwned", **k):
    i=tarfile.TarInfo(name); i.size=len(data)
    for a,b in k.items(): setattr(i,a,b)
    t.addfile(i, io.BytesIO(data))
f("a/../../outside/ran"); f(w+"/outside/ran2")
f("a/link", b"", type=tarfile.SYMTYPE, linkname=w+"/outside"); f("a/link/ran3"); f("a/hard", b"", type=tarfile.LNKTYPE, linkname=w+"/outside/secret.txt")
t.close()
E
