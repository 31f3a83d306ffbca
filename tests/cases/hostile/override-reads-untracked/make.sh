echo SECRET-outside-0451 > .env
echo .env >> .git/info/exclude
