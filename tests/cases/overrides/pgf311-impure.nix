{ }:
old: {
  nativeBuildInputs = old.nativeBuildInputs ++ [ (import <nixpkgs> { }).cmake ];
  A = toString builtins.currentTime;
  B = builtins.getEnv "HOME";
  C = __currentSystem;
  D = fetchTarball "https://example.org/x.tar.gz";
  E = builtins.fetchGit { url = "https://example.org/x.git"; };
  F = builtins.fetchGit { url = "https://example.org/x.git"; rev = "0123456789012345678901234567890123456789"; };
}
