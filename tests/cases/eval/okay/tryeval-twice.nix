let x = throw "q"; in [ (builtins.tryEval x).success (builtins.tryEval x).success ]
