# shellcheck shell=bash
# autoPatchelfHook: nixpkgs' sets where libraries are looked for. Here they are where the machine has them; what is
# missing fails as there.
autoPatchelf() {
  local file missing
  while IFS= read -r file; do
    missing=$(ldd "$file" 2>/dev/null | grep "not found" || true)
    if [ -n "$missing" ]; then
      nixErrorLog "auto-patchelf could not satisfy dependencies of $file: $missing"
      exit 1
    fi
  done < <(find "$out" -type f \( -name '*.so' -o -perm -u+x \))
}
postFixupHooks+=(autoPatchelf)
