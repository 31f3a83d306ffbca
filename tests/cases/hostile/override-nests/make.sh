python3 - <<"E"
open("catalogue/overrides/pgvector.nix","w").write("{ lib }: old: { env = "+"("*200000+"lib"+")"*200000+"; }\n")
E
git commit -qam x
