lib:
let
  inherit (builtins)
    length
    elemAt
    genList
    foldl'
    filter
    elem
    ;
in
{
  inherit (builtins)
    all
    any
    concatLists
    concatMap
    elem
    elemAt
    filter
    foldl'
    genList
    groupBy
    head
    isList
    length
    partition
    sort
    tail
    ;
  foldr =
    op: nul: list:
    let
      go = n: if n == length list then nul else op (elemAt list n) (go (n + 1));
    in
    go 0;
  fold = lib.foldr;
  flatten = x: if builtins.isList x then builtins.concatMap lib.flatten x else [ x ];
  optional = cond: x: if cond then [ x ] else [ ];
  optionals = cond: xs: if cond then xs else [ ];
  singleton = x: [ x ];
  toList = x: if builtins.isList x then x else [ x ];
  remove = e: filter (x: x != e);
  range = first: last: if first > last then [ ] else genList (n: first + n) (last - first + 1);
  last = list: elemAt list (length list - 1);
  init = list: lib.take (length list - 1) list;
  take = n: list: genList (elemAt list) (lib.min n (length list));
  drop = n: list: genList (i: elemAt list (i + n)) (lib.max 0 (length list - n));
  reverseList = list: genList (i: elemAt list (length list - i - 1)) (length list);
  unique = foldl' (acc: e: if elem e acc then acc else acc ++ [ e ]) [ ];
  subtractLists = e: filter (x: !(elem x e));
  intersectLists = e: filter (x: elem x e);
  findFirst =
    pred: default: list:
    let
      found = filter pred list;
    in
    if found == [ ] then default else builtins.head found;
  count = pred: foldl' (n: x: if pred x then n + 1 else n) 0;
  imap0 = f: list: genList (n: f n (elemAt list n)) (length list);
  imap1 = f: list: genList (n: f (n + 1) (elemAt list n)) (length list);
  forEach = xs: f: map f xs;
  zipListsWith =
    f: a: b:
    genList (n: f (elemAt a n) (elemAt b n)) (lib.min (length a) (length b));
  zipLists = lib.zipListsWith (fst: snd: { inherit fst snd; });
  crossLists = f: foldl' (fs: args: builtins.concatMap (f': map f' args) fs) [ f ];
  naturalSort = builtins.sort (a: b: builtins.compareVersions a b < 0);
}
