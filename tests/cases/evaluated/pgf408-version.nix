{ lib }:
old: lib.genAttrs [ "version" "pname" ] (name: old.${name} + "-of-ours")
