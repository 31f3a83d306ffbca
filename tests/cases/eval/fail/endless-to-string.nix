let a = { __toString = _: a; }; in "${a}"
