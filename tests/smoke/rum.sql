-- extensions: rum
begin;
select plan(2);

create table documents (id integer primary key, words tsvector);
insert into documents values
  (1, to_tsvector('english', 'the quick brown fox')), (2, to_tsvector('english', 'brown bread')), (3, to_tsvector('english', 'a fox'));
create index on documents using rum (words rum_tsvector_ops);
set local enable_seqscan = off;
select results_eq(
  $$select id from documents where words @@ to_tsquery('english', 'brown') order by words <=> to_tsquery('english', 'brown & fox')$$,
  array[1, 2], 'found and ranked by the index');
select is(extversion, (select default_version from pg_available_extensions where name = 'rum'), 'newest version')
from pg_extension where extname = 'rum';

select * from finish();
rollback;
