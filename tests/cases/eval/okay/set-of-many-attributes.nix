# Sets of many attributes keep the variables around them, and are as good as small ones.
let
  many = x: { a0 = x + 0; a1 = x + 1; a2 = x + 2; a3 = x + 3; a4 = x + 4; a5 = x + 5; a6 = x + 6; a7 = x + 7; a8 = x + 8; a9 = x + 9; a10 = x + 10; a11 = x + 11; a12 = x + 12; a13 = x + 13; a14 = x + 14; a15 = x + 15; a16 = x + 16; a17 = x + 17; a18 = x + 18; a19 = x + 19; a20 = x + 20; a21 = x + 21; a22 = x + 22; a23 = x + 23; a24 = x + 24; a25 = x + 25; a26 = x + 26; a27 = x + 27; a28 = x + 28; a29 = x + 29; a30 = x + 30; a31 = x + 31; a32 = x + 32; a33 = x + 33; a34 = x + 34; a35 = x + 35; a36 = x + 36; a37 = x + 37; a38 = x + 38; a39 = x + 39; same = x; text = "${toString x}"; f = y: x + y; };
  sets = map many [ 10 20 30 ];
  f = x: x;
  named = many f;
  large = many 1;
in
{
  sums = map (s: s.a0 + s.a39 + s.same + s.f 5) sets;
  texts = map (s: s.text) sets;
  count = builtins.length (builtins.attrNames large);
  over = (large // { a3 = "over"; more = 1; }).a3;
  under = (many 5 // many 7).a1;
  without = builtins.attrNames (removeAttrs large (builtins.genList (i: "a${toString i}") 40));
  common = builtins.intersectAttrs { a5 = null; none = null; } large;
  sameFunction = [ named.same ] == [ f ];
  other = [ named.f ] == [ named.f ];
  has = [ (large ? a12) (large ? b) (large.b or "none") ];
  equal = [ (removeAttrs (many 1) [ "f" ] == removeAttrs large [ "f" ]) (many 1 == large) ];
}
