{
  inputs.out = { url = "github:owner/out"; flake = false; };
  outputs = { self, out }: { x = builtins.readFile "${out}/secret.txt"; };
}
