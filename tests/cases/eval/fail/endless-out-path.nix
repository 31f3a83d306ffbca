let a = { outPath = a; }; in "${a}"
