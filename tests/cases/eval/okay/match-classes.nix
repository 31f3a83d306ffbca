builtins.match "[[:alpha:]]+([[:digit:][:space:]]*)" "abc1 2"
