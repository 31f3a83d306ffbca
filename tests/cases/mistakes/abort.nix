abort "no way"
