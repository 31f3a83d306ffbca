let else = 1; in else
