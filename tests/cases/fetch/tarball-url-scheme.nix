builtins.fetchTree "tarball+file://@/no-ending"
