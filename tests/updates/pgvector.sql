-- Vectors in a table, an index and a generated column; what versions before 0.7 have not got is left out.
create table items (id int primary key, v vector(3), length float8 generated always as (vector_norm(v)) stored);
insert into items select n, array[n, n * 2, -n]::vector from generate_series(1, 200) as n;
create index on items using ivfflat (v vector_l2_ops) with (lists = 5);
create view nearest as select id from items order by v <-> '[3,6,-3]', id limit 5;
