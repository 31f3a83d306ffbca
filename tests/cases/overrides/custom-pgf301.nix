{ lib }: old: { x = lib; }
