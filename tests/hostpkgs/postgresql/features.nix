# What the recipe's switches add: flags, inputs and, for Perl, Python, Tcl and JIT, an output each.
{ lib, self }:
switches:
let
  feature = flag: inputs: { inherit flag inputs; };
  features = {
    curlSupport = feature "--with-libcurl" [ self.curl ];
    gssSupport = feature "--with-gssapi" [ self.libkrb5 ];
    jitSupport = feature "--with-llvm" [
      self.llvmPackages.llvm
      self.llvmPackages.clang
    ];
    ldapSupport = feature "--with-ldap" [ self.openldap ];
    nlsSupport = feature "--enable-nls" [ self.gettext ];
    numaSupport = feature "--with-libnuma" [ self.numactl ];
    pamSupport = feature "--with-pam" [ self.linux-pam ];
    perlSupport = feature "--with-perl" [ self.perl ];
    pythonSupport = feature "--with-python" [ self.python3 ];
    selinuxSupport = feature "--with-selinux" [ self.libselinux ];
    systemdSupport = feature "--with-systemd" [ self.systemdLibs ];
    tclSupport = feature "--with-tcl" [ self.tcl ];
    uringSupport = feature "--with-liburing" [ self.liburing ];
  };
  on = lib.attrValues (lib.filterAttrs (name: _: switches.${name}) features);
  languages =
    lib.optional switches.perlSupport "plperl"
    ++ lib.optional switches.pythonSupport "plpython3"
    ++ lib.optional switches.tclSupport "pltcl";
in
{
  buildInputs = lib.concatMap (feature: feature.inputs) on;
  configureFlags = map (feature: feature.flag) on;
  outputs = lib.optional switches.jitSupport "jit" ++ languages;
  postInstall =
    lib.optionalString switches.jitSupport ''
      moveToOutput lib/bitcode "$jit"
      moveToOutput "lib/llvmjit*" "$jit"
    ''
    + lib.concatMapStrings (language: ''
      moveToOutput "lib/*${language}*" "''$${language}"
      moveToOutput "share/postgresql/extension/*${language}*" "''$${language}"
    '') languages;
}
