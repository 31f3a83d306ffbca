let flag = null; in "--with=${flag}"
