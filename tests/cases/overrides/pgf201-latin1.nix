# café
{ }: old: { }
