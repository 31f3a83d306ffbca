builtins.split "(x)?(y)" "axyby"
