create table first (name text, n vector(2));
insert into first select current_database(), '[1,2]';
