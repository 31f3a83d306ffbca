{ a , , b }: c
