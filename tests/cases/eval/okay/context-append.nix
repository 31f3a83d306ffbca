builtins.getContext (builtins.appendContext "a" { "/nix/store/4g4g9i669dl63abpww0djbl2jxl6bwiz-x" = { path = true; }; })
