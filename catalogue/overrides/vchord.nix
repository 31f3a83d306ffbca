{ clang }:
old: {
  # The SIMD kernels in C need Clang, or a newer GCC than the standard one.
  nativeBuildInputs = old.nativeBuildInputs ++ [ clang ];

  postInstall = old.postInstall or "" + ''
    cp sql/upgrade/* "$out/share/postgresql/extension/"
  '';
}
