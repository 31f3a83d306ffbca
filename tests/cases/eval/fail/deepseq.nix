builtins.deepSeq { a = throw "x"; } 2
