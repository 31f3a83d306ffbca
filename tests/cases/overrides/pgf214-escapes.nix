{ lib }:
old: {
  postPatch = ''
    echo ''$out ''\d ''\n ''$'x' ''${x}
  '';
  doCheck = builtins.match "a\.b\n\\." old.version != null && lib.x;
}
