printf '#!/bin/sh\ntouch "%s/outside/ran"\nexec cat\n' "$WORLD" > ../program && chmod +x ../program
git config filter.x.clean "$WORLD/program"; git config filter.x.smudge "$WORLD/program"; git config filter.x.process "$WORLD/program"; git config diff.x.textconv "$WORLD/program"; git config diff.x.command "$WORLD/program"; git config diff.external "$WORLD/program"
echo "* filter=x diff=x" > .gitattributes; echo "* filter=x diff=x" > .git/info/attributes; touch flake.nix; echo >> README.md
