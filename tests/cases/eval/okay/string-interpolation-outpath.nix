"${{ outPath = "y"; }}"
