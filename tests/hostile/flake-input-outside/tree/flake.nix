{
  inputs.out = { url = "path:WORLD/outside"; flake = false; };
  outputs = { self, out }: { x = builtins.readFile "${out}/secret.txt"; };
}
