builtins.fromTOML "a = 1
b = [ 1.5, true ]
[c.d]
e = \"x\"
[[f]]
g = 1
[[f]]
g = 2"
