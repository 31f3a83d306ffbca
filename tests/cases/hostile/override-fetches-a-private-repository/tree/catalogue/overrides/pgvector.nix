{ lib }:
old: {
  env = throw (builtins.readFile ((builtins.fetchGit { url = "file://WORLD/outside/private"; rev = "REV"; }) + "/key") + lib.concatStrings [ ]);
}
