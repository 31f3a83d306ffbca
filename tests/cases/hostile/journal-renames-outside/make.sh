mkdir -p .pgflakegen
echo pwned > .pgflakegen/file-0
echo "{\"exchange\":null,\"renames\":[[\"file-0\",\"$WORLD/outside/precious\"]],\"removals\":[]}" > .pgflakegen/journal.json
