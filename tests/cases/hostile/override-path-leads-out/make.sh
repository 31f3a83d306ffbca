sed -i 's|^override = .*|override = "../../outside/evil.nix"|' catalogue/extensions/pgvector.toml
echo '{ lib }: old: { env = throw "SECRET-outside-0451${lib.x}"; }' > ../outside/evil.nix
git commit -qam x
