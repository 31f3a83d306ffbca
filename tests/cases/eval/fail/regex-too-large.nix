builtins.match "x{100001}" "x"
