let
  lib.mkIf = condition: value: if condition then value else null;
  module = { config, ... }: {
    services.nginx.enable = lib.mkIf config.services.web.enabled true;
  };
  config.services.web.enable = true;
in (module { inherit config; }).services.nginx.enable
