let f = builtins.getFlake "git+file://@/main"; in [ f.f f.submodules f.narHash f.rev ]
