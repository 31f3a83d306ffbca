git init -q ../outside/private && cp ../outside/secret.txt ../outside/private/key && git -C ../outside/private add -A && git -C ../outside/private commit -qm k && git -C ../outside/private tag v9.9.9
printf '#!/bin/sh\ntouch "%s/outside/ran"\n' "$WORLD" > ../program && chmod +x ../program
sed -i "s#^source = .*#source = { git = \"file://$WORLD/outside/private\", tag = \"v{version}\" }#" catalogue/extensions/pgvector.toml catalogue/extensions/pg_cron.toml
git commit -qam x
