# Units in NixOS's form as files of systemd: `{ "NAME.service" = TEXT; }`.
{ lib }:

let
  words = value: lib.concatStringsSep " " (lib.toList value);

  line =
    key: value:
    if lib.isList value then
      lib.concatMapStrings (line key) value
    else
      "${key}=${if lib.isBool value then lib.boolToString value else toString value}\n";

  # In quotes, as a value can have spaces.
  assignments =
    unit:
    lib.mapAttrsToList (name: value: "\"${name}=${value}\"") (
      unit.environment or { }
      // lib.optionalAttrs (unit.path or [ ] != [ ]) { PATH = lib.makeBinPath unit.path; }
    );

  section =
    name: keys:
    lib.optionalString (keys != { }) "[${name}]\n${lib.concatStrings (lib.mapAttrsToList line keys)}\n";

  optional =
    unit: keys:
    lib.concatMapAttrs (
      from: key: lib.optionalAttrs (unit ? ${from}) { ${key} = words unit.${from}; }
    ) keys;

  text =
    unit:
    section "Unit" (
      {
        Description = unit.description;
      }
      // optional unit {
        after = "After";
        before = "Before";
        requires = "Requires";
      }
    )
    + section "Service" (
      unit.serviceConfig
      // lib.optionalAttrs (unit ? environment) {
        Environment = assignments unit;
      }
    )
    + section "Install" (
      optional unit {
        requiredBy = "RequiredBy";
        wantedBy = "WantedBy";
      }
    );
in
units: lib.mapAttrs' (name: unit: lib.nameValuePair "${name}.service" (text unit)) units
