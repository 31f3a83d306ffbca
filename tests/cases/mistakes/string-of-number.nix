let port = 5432; in "port=${port}"
