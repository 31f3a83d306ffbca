builtins.appendContext "a" { "/nix/store/2nkrzav1kbs03azpyq54rvarcm864wd8-source" = { allOutputs = true; }; }
