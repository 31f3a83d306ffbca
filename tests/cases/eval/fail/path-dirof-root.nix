dirOf /
