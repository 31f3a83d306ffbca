{ lib, openssl }:
old: {
  preBuild = ''
    export PATH=$(lib.makeBinPath [ openssl ]):$PATH
    export OTHER=${lib.makeBinPath [ openssl ]}:$(lib.sh x)
    library=$(library.sh) $(lib) $(pkg-config --libs x)
  '';
}
