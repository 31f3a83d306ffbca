{ }:
{
  versions."1.1" = old: { cmakeFlags = old.cmakeFlags ++ [ "-DX=1" ]; };
  default = _: { };
}
