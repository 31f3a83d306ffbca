b"
