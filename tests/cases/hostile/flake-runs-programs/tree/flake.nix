{
  outputs = { self }: {
    x = (builtins.exec or builtins.importNative or (x: "none")) [ "/bin/sh" "-c" "touch ran" ];
    packages.x86_64-linux.p = derivation { name = self.x; system = "x86_64-linux"; builder = "/bin/sh"; };
  };
}
