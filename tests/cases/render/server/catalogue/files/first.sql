create table first (n integer);
