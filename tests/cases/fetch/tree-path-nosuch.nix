builtins.fetchTree "path:@/nosuch"
