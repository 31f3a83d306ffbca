builtins.storePath "/nix/store/0nkrzav1kbs03azpyq54rvarcm864wd8-nosuch/a"
