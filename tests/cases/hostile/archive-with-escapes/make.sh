python3 - <<"E"
import io, os, tarfile, gzip
w=os.environ["WORLD"]

t=tarfile.open(w+"/archive.tar.gz","w:gz")
for name in ["a/\x1b[2J\n::error::x","a/\u009b\u202e","a/x","a/x","a/X/"]:
    i=tarfile.TarInfo(name); i.size=1; t.addfile(i, io.BytesIO(b"x"))
i=tarfile.TarInfo("a/\x1b]0;t\x07"); i.type=tarfile.CHRTYPE; t.addfile(i)
t.close()
E
