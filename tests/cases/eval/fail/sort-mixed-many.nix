builtins.sort builtins.lessThan (builtins.genList (i: if i == 23 then "x" else i) 40)
