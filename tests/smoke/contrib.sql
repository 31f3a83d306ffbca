-- What every PostgreSQL has.
-- extensions: pg_stat_statements, hstore
begin;
select plan(3);

create extension if not exists pg_stat_statements;
create extension if not exists hstore;
select ok((select count(*) > 0 from pg_stat_statements), 'statements are counted: the library is preloaded');
select is('a=>1'::hstore -> 'a', '1', 'hstore');
select is(current_setting('server_encoding'), 'UTF8', 'encoding');

select * from finish();
rollback;
