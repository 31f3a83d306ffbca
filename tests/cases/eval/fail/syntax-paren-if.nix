(if a
