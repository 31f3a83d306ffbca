[
  (builtins.match "(a*)*" "aa") (builtins.match "([0-9]*[.]?)*" "1.22.3") (builtins.match "(a|b*)*" "abb")
  (builtins.match "(x*)*y" "xxy") (builtins.split "(b|)*" "abb") (builtins.match "((a?)b?)+" "abab")
  (builtins.match "(a{0,2}){1,3}" "aaa") (builtins.match "(|){0}a" "a") (builtins.split "(a*?)??" "ba")
  (builtins.match "((a*)(b*))*" "aabb") (builtins.match "(a*)+" "") (builtins.match "(a*)?" "")
]
