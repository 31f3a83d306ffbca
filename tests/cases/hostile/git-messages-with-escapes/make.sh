printf '#!/bin/sh\ntouch "%s/outside/ran"\nexec cat\n' "$WORLD" > ../program && chmod +x ../program
printf '[core]\n\tx = "\033[2J"\n[bad \033]0;t\007\n::error::x\n' >> .git/config
