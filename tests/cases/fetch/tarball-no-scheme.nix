builtins.fetchTarball "@/one.tar"
