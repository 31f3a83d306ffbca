builtins.fetchTarball @/one.tar
