''
  a''\n  b
  c''
