map builtins.parseDrvName [ "nix-0.12pre" "a-b-1.2-3" "plain" "a--1" "-1" ]
