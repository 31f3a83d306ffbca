{ lib }: old: let ${lib.x} = 1; in { inherit (old) ${lib.y}; }
