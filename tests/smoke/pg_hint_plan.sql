-- postgresql: >=16
-- extensions: pg_hint_plan
begin;
select plan(2);

select ok(current_setting('shared_preload_libraries') ~ 'pg_hint_plan', 'preloaded');
create table numbers as select n from generate_series(1, 1000) as n;
create index on numbers (n);
analyze numbers;
create temp table explained (line text);
do $$
declare
  line text;
begin
  for line in explain /*+ SeqScan(numbers) */ select * from numbers where n = 1 loop
    insert into explained values (line);
  end loop;
end
$$;
select matches((select string_agg(line, ' ') from explained), 'Seq Scan', 'a hint decides the plan');

select * from finish();
rollback;
