# Machines as people have them, of options that NixOS has had for years. For `cargo xtask bench`.
{ nixpkgs }:
let
  base = {
    boot.loader.grub.device = "/dev/sda";
    fileSystems."/".device = "/dev/disk/by-label/nixos";
    fileSystems."/".fsType = "ext4";
  };
  roles = {
    small = { };
    ssh = {
      services.openssh.enable = true;
      networking.firewall.allowedTCPPorts = [ 22 ];
      users.users.anna = { isNormalUser = true; extraGroups = [ "wheel" ]; };
    };
    web = {
      services.nginx.enable = true;
      services.nginx.virtualHosts."www.example.org" = {
        locations."/".root = "/srv/www";
        locations."/api".proxyPass = "http://localhost:8080";
      };
    };
    database = { pkgs, ... }: {
      services.postgresql.enable = true;
      services.postgresql.package = pkgs.postgresql;
      services.cron.enable = true;
    };
    mail = {
      services.postfix.enable = true;
      services.dovecot2.enable = true;
    };
    containers = {
      virtualisation.docker.enable = true;
      containers.inner.config.services.nginx.enable = true;
    };
    desktop = { pkgs, ... }: {
      services.xserver.enable = true;
      services.printing.enable = true;
      environment.systemPackages = [ pkgs.git pkgs.vim pkgs.firefox ];
    };
  };
  machine = name: role:
    (import (nixpkgs + "/nixos") {
      system = "x86_64-linux";
      configuration = { imports = [ base role ]; networking.hostName = name; };
    }).config.system.build.toplevel.drvPath;
in
{
  machines = builtins.mapAttrs machine roles;
  # One value with many machines in it.
  hosts = builtins.genList (n: machine "host${toString n}" roles.ssh) 24;
}
