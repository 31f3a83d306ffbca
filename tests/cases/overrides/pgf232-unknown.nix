{ }:
# pgflakegen: ignore PGF307
# pgflakegen: allow PGF999 because
# pgflakegen: allow because of this
# pgflakegen: allow PGF203 because no
old: { }
