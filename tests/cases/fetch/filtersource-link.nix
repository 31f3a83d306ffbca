builtins.filterSource (p: t: true) @/main/link
