let config = { services = null; }; in config.services.nginx
