builtins.match "[]^-]+" "]^-"
