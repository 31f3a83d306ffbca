{ }:
old: { postInstall = old.postInstall + builtins.readFile ../patches/absent.sh; }
