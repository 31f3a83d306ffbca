# dockerTools: real image archives as `docker load` takes them, with a layer per store path. What is in
# the image is only as self-contained as this package set: programs here still want the machine's /usr.
{
  lib,
  runCommand,
  writeText,
  writeScript,
  runtimeShell,
  coreutils,
  bash,
  cacert,
  stdenv,
}:
let
  script = stdenv.storeFile ./stdenv/docker-image.sh;

  build =
    {
      name,
      tag ? null,
      contents ? [ ],
      config ? { },
      architecture ? if stdenv.hostPlatform.isAarch64 then "arm64" else "amd64",
      created ? "1970-01-01T00:00:01Z",
      extraCommands ? "",
      fakeRootCommands ? "",
      enableFakechroot ? false,
      maxLayers ? 100,
      includeStorePaths ? true,
      compressor ? "gz",
      passthru ? { },
      meta ? { },
      fromImage ? null,
      ...
    }:
    assert lib.assertMsg (
      fromImage == null
    ) "dockerTools: fromImage is not in hostpkgs, the test fixture";
    assert lib.assertMsg (
      !enableFakechroot
    ) "dockerTools: enableFakechroot is not in hostpkgs, the test fixture";
    let
      imageConfig = writeText "${baseNameOf name}-config.json" (builtins.toJSON config);
      roots = lib.toList contents;
    in
    runCommand "${baseNameOf name}.tar.gz"
      {
        inherit
          architecture
          extraCommands
          fakeRootCommands
          imageConfig
          maxLayers
          roots
          ;
        linkTree = stdenv.storeFile ./stdenv/link-tree.pl;
        created = if created == "now" then "1970-01-01T00:00:01Z" else created;
        imageName = lib.toLower name;
        imageTag =
          if tag != null then
            tag
          else
            builtins.head (
              lib.splitString "-" (baseNameOf (builtins.unsafeDiscardStringContext imageConfig.outPath))
            );
        includeStorePaths = if includeStorePaths then "1" else "";
        compress = if compressor == "none" then "cat" else "gzip -n";
        # Nix writes the closure of what is in the image to these files.
        exportReferencesGraph = [
          "config-closure"
          imageConfig
        ]
        ++ lib.concatLists (
          lib.imap0 (i: root: [
            "closure-${toString i}"
            root
          ]) roots
        );
        passthru = passthru // {
          imageName = lib.toLower name;
          imageTag = tag;
        };
        inherit meta;
      }
      ''
        source ${script}
      '';
in
{
  buildLayeredImage = lib.makeOverridable build;
  buildImage = lib.makeOverridable (
    {
      copyToRoot ? [ ],
      contents ? copyToRoot,
      runAsRoot ? null,
      ...
    }@args:
    assert lib.assertMsg (
      runAsRoot == null
    ) "dockerTools: runAsRoot needs a virtual machine and is not in hostpkgs";
    build (
      builtins.removeAttrs args [
        "copyToRoot"
        "runAsRoot"
      ]
      // {
        inherit contents;
      }
    )
  );
  # A script that writes the archive to its standard output.
  streamLayeredImage = lib.makeOverridable (
    args:
    let
      image = build (args // { compressor = "none"; });
    in
    writeScript "stream-${baseNameOf args.name}" ''
      #!${runtimeShell}
      exec ${coreutils}/bin/cat ${image}
    ''
    // {
      inherit (image) imageName imageTag;
    }
  );

  binSh = runCommand "bin-sh" { } ''
    mkdir -p "$out/bin"
    ln -s ${bash}/bin/bash "$out/bin/sh"
  '';
  usrBinEnv = runCommand "usr-bin-env" { } ''
    mkdir -p "$out/usr/bin"
    ln -s ${coreutils}/bin/env "$out/usr/bin/env"
  '';
  caCertificates = runCommand "ca-certificates" { } ''
    mkdir -p "$out/etc/ssl/certs"
    ln -s ${cacert}/etc/ssl/certs/ca-bundle.crt "$out/etc/ssl/certs/ca-certificates.crt"
  '';
  fakeNss = runCommand "fake-nss" { } ''
    mkdir -p "$out/etc" "$out/var/empty"
    printf '%s\n' 'root:x:0:0:root user:/var/empty:/bin/sh' 'nobody:x:65534:65534:nobody:/var/empty:/bin/sh' >"$out/etc/passwd"
    printf '%s\n' 'root:x:0:' 'nobody:x:65534:' >"$out/etc/group"
    echo 'hosts: files dns' >"$out/etc/nsswitch.conf"
  '';
}
