-- extensions: vector
begin;
select plan(4);

create table items (id integer primary key, embedding vector(3));
insert into items select n, array[n, n * 2, -n]::vector from generate_series(1, 200) as n;
create index on items using hnsw (embedding vector_l2_ops);
select is((select embedding <-> '[1,2,-1]' from items where id = 1), 0::float8, 'a vector is next to itself');
set local enable_seqscan = off;
select results_eq(
  $$select id from items order by embedding <-> '[3.4,6.8,-3.4]' limit 2$$, array[3, 4], 'nearest by index');
select is('[1,2,3]'::vector::text, '[1,2,3]', 'text form');
select throws_ok($$select '[1,2]'::vector(3)$$, '22000', null, 'dimensions are checked');

select * from finish();
rollback;
