printf '#!/bin/sh\ntouch "%s/outside/ran"\nexec cat\n' "$WORLD" > ../program && chmod +x ../program
printf '[submodule "../../outside/x"]\n\tpath = sub\n\turl = file://%s/outside\n\tupdate = !%s/program\n[submodule "e"]\n\tpath = ext\n\turl = ext::%s/program\n' "$WORLD" "$WORLD" "$WORLD" > .gitmodules
git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub
git add .gitmodules && git commit -qm x
