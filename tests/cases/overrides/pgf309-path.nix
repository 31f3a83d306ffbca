{ }: old: { patches = [ ./patches/presnt.patch ./elsewhere.patch ]; }
