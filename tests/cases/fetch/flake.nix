let f = builtins.getFlake "file://@/one.tar.gz"; in [ f.value f.lastModified f.sourceInfo.narHash ]
