# pg_config as a package of its own, as in nixpkgs: it prints the paths of a PostgreSQL, or of an
# environment given as `outputs.out`.
{
  lib,
  stdenv,
  bash,
  postgresql,
  outputs ? { },
}:
stdenv.mkDerivation {
  pname = "pg_config";
  inherit (postgresql) version;
  dontUnpack = true;
  expected = "${postgresql.dev}/nix-support/pg_config.expected";
  original = "${lib.getOutput "out" postgresql}";
  replacement = "${outputs.out or (lib.getOutput "out" postgresql)}";
  installPhase = ''
    mkdir -p "$out/bin" "$out/nix-support"
    sed "s|$original/|$replacement/|g" "$expected" >"$out/nix-support/pg_config.expected"
    cat >"$out/bin/pg_config" <<EOF
    #!${bash}/bin/bash
    # With options: one value per option. Without: everything.
    if [ \$# -eq 0 ]; then exec cat $out/nix-support/pg_config.expected; fi
    for option; do
      name=\''${option#--}
      name=\''${name^^}
      if ! grep -q "^\$name = " $out/nix-support/pg_config.expected; then
        echo "pg_config: invalid argument: \$option" >&2
        exit 1
      fi
      sed -n "s/^\$name = //p" $out/nix-support/pg_config.expected
    done
    EOF
    chmod +x "$out/bin/pg_config"
  '';
  meta.mainProgram = "pg_config";
}
