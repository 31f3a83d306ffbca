let dir = ./src; in "${dir}" + /lib
