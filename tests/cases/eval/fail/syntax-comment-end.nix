1 /* unterminated
