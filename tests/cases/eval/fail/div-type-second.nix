1 / true
