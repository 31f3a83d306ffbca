builtins.match "[[:alpha:]-z]" "-"
