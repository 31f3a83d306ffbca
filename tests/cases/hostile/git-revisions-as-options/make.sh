printf '#!/bin/sh\ntouch "%s/outside/ran"\nexec cat\n' "$WORLD" > ../program && chmod +x ../program
true
