{ lib, lib }: old: { x = lib; }
