[
  (builtins.match "[[.space.]]" " ") (builtins.match "[[.hyphen.][.tilde.]]+" "-~") (builtins.match "[[=a=]]+" "aA")
  (builtins.match "[a-]+" "a-") (builtins.match "[-a]+" "a-") (builtins.match "[]a]+" "]a") (builtins.match "[^]]" "a")
  (builtins.match "[--a]+" "-Z") (builtins.match "[[:ALPHA:]]+" "ab") (builtins.match "[[:d:][:w:]]+" "1_a")
  (builtins.match "[[]" "[") (builtins.match "[a[.b.]]+" "ab") (builtins.match "x{99990}" "x")
]
