let
  version = "1.0";
in
  "pg-${verison}"
