-- extensions: unit
begin;
select plan(3);

select is('9.81 m/s^2'::unit * '2 s'::unit, '19.62 m/s'::unit, 'units are multiplied');
select lives_ok('select unit_load()', 'the tables of units can be read again');
-- They stay in the database after pg_upgrade; what was built goes.
select is_empty(
  $$select p.oid::regprocedure from pg_proc p join pg_depend d on d.objid = p.oid and d.deptype = 'e'
    join pg_extension e on e.oid = d.refobjid where e.extname = 'unit' and p.prosrc ~ '/unit_[a-z]+[.]data' and p.prosrc ~ 'FROM ''/'$$,
  'no function names files by absolute path');

select * from finish();
rollback;
