''it's ''
