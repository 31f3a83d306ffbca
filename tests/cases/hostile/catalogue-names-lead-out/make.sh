sed -i 's|^version = "0.8.0"|version = "../../outside/x"|; s|^sql = .*|patches = ["../../outside/secret.txt", "/etc/hostname"]\nsource-root = "../../outside"|' catalogue/extensions/pgvector.toml
sed -i 's|^version = "1.*|&\ncargo-lock = "../../outside/secret.txt"|' catalogue/extensions/pg_cron.toml
printf '\n[settings]\n"a.b" = { file = "../outside/secret.txt" }\n' >> catalogue/flake.toml
git commit -qam x
