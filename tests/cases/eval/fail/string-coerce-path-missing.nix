"${/no/such/path/at/all}"
