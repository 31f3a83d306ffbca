(derivation { name = "x"; system = "s"; builder = "/bin/sh"; outputHash = ""; outputHashAlgo = "sha512x"; }).drvPath
