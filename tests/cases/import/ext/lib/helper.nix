{ postgresql, runCommand }:
runCommand "helper" { buildInputs = [ postgresql ]; } "touch $out"
