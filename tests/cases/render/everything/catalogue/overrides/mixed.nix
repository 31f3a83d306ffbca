{ lib }:
{
  versions."1" = old: { postPatch = old.postPatch or "" + lib.optionalString true "true"; };
}
