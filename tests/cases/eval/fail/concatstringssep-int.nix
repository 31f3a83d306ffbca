builtins.concatStringsSep ", " [ 1 ]
