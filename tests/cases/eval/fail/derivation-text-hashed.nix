(derivation { name = "a"; system = "x"; builder = "y"; outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; outputHashMode = "text"; }).outPath
