# A NixOS that is an image for virtual machines: a disk with a table of partitions, UEFI, made without a virtual machine.
# Settings come by cloud-init from the metadata service, of version 2 where there is one.
{
  config,
  lib,
  modulesPath,
  pkgs,
  ...
}:

let
  inherit (lib) mkDefault;
  inherit (pkgs.stdenv) hostPlatform;
  inherit (hostPlatform) efiArch;

  console = if hostPlatform.isAarch64 then "ttyAMA0" else "ttyS0";
  uki = config.system.boot.loader.ukiFile;
in
{
  imports = [ "${modulesPath}/image/repart.nix" ];

  image.repart = {
    name = mkDefault "postgresql-${config.services.postgresql.pgflakegen.postgresql}";
    partitions = {
      "10-esp" = {
        contents = {
          "/EFI/BOOT/BOOT${lib.toUpper efiArch}.EFI".source =
            "${pkgs.systemd}/lib/systemd/boot/efi/systemd-boot${efiArch}.efi";
          "/EFI/Linux/${uki}".source = "${config.system.build.uki}/${uki}";
        };
        repartConfig = {
          Type = "esp";
          Format = "vfat";
          Label = "esp";
          SizeMinBytes = "256M";
        };
      };
      "20-root" = {
        storePaths = [ config.system.build.toplevel ];
        repartConfig = {
          Type = "root";
          Format = "ext4";
          Label = "root";
          Minimize = "guess";
        };
      };
    };
  };

  fileSystems = {
    "/" = {
      device = "/dev/disk/by-partlabel/root";
      fsType = "ext4";
      autoResize = true;
    };
    "/boot" = {
      device = "/dev/disk/by-partlabel/esp";
      fsType = "vfat";
      options = [ "umask=0077" ];
    };
  };

  # The root partition grows to the disk that an instance has, its file system after it.
  systemd.repart.partitions."20-root".Type = "root";
  boot = {
    initrd = {
      systemd = {
        enable = true;
        repart.enable = true;
      };
      availableKernelModules = [
        "ena"
        "nvme"
        "virtio_blk"
        "virtio_net"
        "virtio_pci"
        "xen_blkfront"
      ];
    };
    kernelParams = [ "console=${console},115200n8" ];
    loader.grub.enable = false;
  };

  networking = {
    hostName = mkDefault "";
    useNetworkd = true;
    firewall.allowedTCPPorts = [
      22
      config.services.postgresql.settings.port
    ];
  };

  services = {
    cloud-init = {
      enable = true;
      network.enable = true;
      settings = {
        datasource_list = mkDefault [
          "Ec2"
          "None"
        ];
        disable_root = true;
        ssh_pwauth = false;
      };
    };

    # By key alone.
    openssh = {
      enable = true;
      settings = {
        KbdInteractiveAuthentication = false;
        PasswordAuthentication = false;
        PermitRootLogin = "prohibit-password";
      };
    };

    postgresql = {
      enableTCPIP = mkDefault true;
      # Above NixOS's own, which let in PostgreSQL's account over the socket.
      authentication = ''
        host all all all scram-sha-256
        host replication all all scram-sha-256
      '';
      pgflakegen = {
        enable = true;
        password.enable = mkDefault true;
        upgrade.enable = mkDefault true;
        volume = {
          enable = mkDefault true;
          device = mkDefault "auto";
        };
      };
    };
  };

  users.users.root.hashedPassword = "!";
  documentation.enable = mkDefault false;
  system.stateVersion = mkDefault lib.trivial.release;
}
