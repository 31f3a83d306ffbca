-- A module without CREATE EXTENSION: loaded, it has settings, and judges them.
-- libraries: auto_explain
begin;
select plan(2);
load 'auto_explain';
select is(current_setting('auto_explain.log_min_duration'), '-1', 'it is loaded, and off');
select throws_ok($$set auto_explain.log_format = 'nonsense'$$, '22023', null, 'it judges its settings');
select * from finish();
rollback;
