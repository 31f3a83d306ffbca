# git does not know this file.
{ }: old: { doCheck = true; }
