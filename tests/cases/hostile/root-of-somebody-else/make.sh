chown -R 12345:12345 .
mkdir deeper
