"version " + 2
