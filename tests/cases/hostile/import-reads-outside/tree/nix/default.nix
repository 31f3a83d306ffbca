import ../../outside/secret.txt
