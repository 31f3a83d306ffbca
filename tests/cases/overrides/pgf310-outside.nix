{ }: old: { patches = [ /etc/x.patch ~/x.patch ../../../../../../x.patch ]; }
