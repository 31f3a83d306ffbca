{ lib, pkgs }:
old: {
  meta = with lib; {
    changelog = "https://example.org/${source.version}";
    license = licenses.postgresql;
    maintainers = with maintainers; [ nobody ];
    broken = versionOlderThan old.version "1";
    description = head (with pkgs.lib; [ name old.version (optionalString true "a") ]);
  };
  preBuild = with lib; with pkgs; "${hello}";
}
