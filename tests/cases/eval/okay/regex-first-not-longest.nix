# A search takes the first way of a repetition, and the longer one of alternatives.
map (pattern: map (builtins.split pattern) [ "ab" "xab" "aab" "-b" ]) [
  "([a-]*(.b)*)"
  "a*(ab)*"
  "(a?(ab)?)"
  "(a*(ab|c)*)"
  "(a|ab)(b?)"
  "(a*(ab){0,2})"
  "a{0,1}(ab|b)*"
  "(a|ab)*b?"
]
