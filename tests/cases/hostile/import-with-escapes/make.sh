printf '{ lib, stdenv, fetchFromGitHub, postgresql }:\nstdenv.mkDerivation {\n  pname = "x\033[2J";\n  version = "1\342\200\256";\n  meta.description = "\033]0;t\007\n::error::x";\n  src = fetchFromGitHub { owner = "a\033"; repo = "b"; rev = "v1"; hash = "\302\233"; };\n}\n' > nix/raw.nix
git add -A && git commit -qm x
