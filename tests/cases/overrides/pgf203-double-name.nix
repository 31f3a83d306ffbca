a@{ lib }@b: old: { x = lib; }
