-- extensions: orioledb
-- The engine keeps only rows of collations that never change: C, POSIX and ICU's.
begin;
select plan(5);

create table ledger (id bigint primary key, note text collate "C") using orioledb;
select is(
  (select amname from pg_class join pg_am on pg_am.oid = relam where relname = 'ledger'),
  'orioledb', 'the table is kept by the engine'
);
insert into ledger select n, 'note ' || n from generate_series(1, 1000) as n;
select is((select count(*) from ledger), 1000::bigint, 'rows go in');
update ledger set note = 'changed' where id % 2 = 0;
select is((select count(*) from ledger where note = 'changed'), 500::bigint, 'rows change');

savepoint before;
delete from ledger;
rollback to savepoint before;
select is((select count(*) from ledger), 1000::bigint, 'what is rolled back is undone');

create index on ledger (note);
set local enable_seqscan = off;
select is((select min(id) from ledger where note = 'note 999'), 999::bigint, 'an index finds a row');

select * from finish();
rollback;
