{ lib, stdenv, fetchFromGitHub, postgresql }:
let f = x: f x; g = x: "${g x}${g x}"; in stdenv.mkDerivation rec {
 pname = f "a"; version = g "1"; src = fetchFromGitHub { owner = "someone"; repo = "x"; rev = "v${version}"; hash = "sha256-Nmb7XLqQflYZfqj0yrewfb1Hl5YgEB5wfjBunPwIuOU="; }; buildInputs = [ postgresql ]; meta = { description = "x"; license = lib.licenses.mit; }; }
