builtins.fetchTarball "file:x.tar"
