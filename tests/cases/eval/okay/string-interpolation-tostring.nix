"${{ __toString = self: "x"; }}"
