-- extensions: pgaudit
begin;
select plan(2);

select ok(current_setting('shared_preload_libraries') ~ 'pgaudit', 'preloaded');
select lives_ok($$set local pgaudit.log = 'write, ddl'$$, 'its settings are known');

select * from finish();
rollback;
