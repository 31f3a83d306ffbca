let f = builtins.getFlake "git+file://@/dirty"; in [ f.f f.submodules f.narHash f.dirtyRev ]
