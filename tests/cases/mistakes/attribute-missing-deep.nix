let pkgs = { lib.lists.map = 1; }; in pkgs.lib.list.map
