{ fetchurl, lib }:
old: lib.recursiveUpdate old {
  src = fetchurl {
    url = "https://example.org/other.tar.gz";
    hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q=";
  };
}
