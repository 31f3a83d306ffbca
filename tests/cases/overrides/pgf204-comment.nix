{ }: old: { } /* the end
