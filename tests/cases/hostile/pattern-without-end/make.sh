sed -i 's|^sql = .*|ignore = ["**********************************************************************b"]\ntags = ["{version}{version}{version}{version}{version}{version}{version}{version}"]|' catalogue/extensions/pgvector.toml
git commit -qam x
