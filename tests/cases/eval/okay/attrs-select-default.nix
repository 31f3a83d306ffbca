{}.a or 3
