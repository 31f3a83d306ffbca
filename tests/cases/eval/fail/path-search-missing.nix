<no-such-thing-anywhere>
