builtins.split "^a" "aab"
