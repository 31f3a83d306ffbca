{ lib }: old: { makeFlags = old.makeFlags |> lib.unique |> lib.reverseList; }
