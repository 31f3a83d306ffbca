echo mine > .pgflakegen
