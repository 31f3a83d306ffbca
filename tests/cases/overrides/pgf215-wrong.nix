{ lib }:
let
  name = "x";
in
old: {
  postPatch = ''
    echo \${name} ${name} \${name}
  '';
  prePatch = "echo ''${lib.x} ${lib.x}";
}
