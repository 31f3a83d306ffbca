a.${b
