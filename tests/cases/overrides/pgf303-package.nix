{ lib, opensll, cmakee }: old: { x = [ lib opensll cmakee ]; }
