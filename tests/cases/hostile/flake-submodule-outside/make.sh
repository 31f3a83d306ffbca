git init -q ../outside/private && echo SECRET-outside-0451 > ../outside/private/key && git -C ../outside/private add -A && git -C ../outside/private commit -qm k
printf '[submodule "sub"]\n\tpath = sub\n\turl = file://%s/outside/private\n' "$WORLD" > .gitmodules
git add .gitmodules && git update-index --add --cacheinfo 160000,$(git -C ../outside/private rev-parse HEAD),sub && git commit -qm x && mkdir sub
