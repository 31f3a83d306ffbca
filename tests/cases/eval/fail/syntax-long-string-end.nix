''unterminated
