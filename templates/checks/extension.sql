-- One extension alone: created, as the catalogue says, usable, dropped without leftovers. Set `extension`
-- and `version` (empty: the server's default). Speaks TAP itself, so that pgTAP can be tested as well.
\set ON_ERROR_STOP on
begin;
set local client_min_messages = warning;

create temp table result (number integer, passed boolean, what text, detail text);
create temp table before (classid oid, objid oid);
create temp table before_extensions as select extname from pg_extension;
create temp view objects as
  select 'pg_class'::regclass::oid as classid, oid as objid from pg_class where relnamespace <> pg_my_temp_schema()
  union all select 'pg_type'::regclass, oid from pg_type where typnamespace <> pg_my_temp_schema()
  union all select 'pg_proc'::regclass, oid from pg_proc
  union all select 'pg_namespace'::regclass, oid from pg_namespace
  union all select 'pg_operator'::regclass, oid from pg_operator
  union all select 'pg_opclass'::regclass, oid from pg_opclass
  union all select 'pg_opfamily'::regclass, oid from pg_opfamily
  union all select 'pg_am'::regclass, oid from pg_am
  union all select 'pg_cast'::regclass, oid from pg_cast
  union all select 'pg_language'::regclass, oid from pg_language
  union all select 'pg_event_trigger'::regclass, oid from pg_event_trigger
  union all select 'pg_trigger'::regclass, oid from pg_trigger
  union all select 'pg_foreign_data_wrapper'::regclass, oid from pg_foreign_data_wrapper
  union all select 'pg_ts_config'::regclass, oid from pg_ts_config
  union all select 'pg_ts_dict'::regclass, oid from pg_ts_dict;
insert into before select * from objects where classid <> 'pg_namespace'::regclass
  or not exists (select from pg_namespace where oid = objid and nspname ~ '^pg_toast_temp');

create extension :"extension" cascade;

create temp table members as
  select d.classid, d.objid from pg_depend as d
  join pg_extension as e on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.deptype = 'e'
  where e.extname = :'extension';

insert into result
  select 1, extversion = expected, 'created in version ' || expected, 'it is ' || extversion
  from pg_extension
  join (select coalesce(nullif(:'version', ''), default_version) as expected
        from pg_available_extensions where name = :'extension') as wanted on true
  where extname = :'extension';
insert into result
  select 2, count(*) > 0, 'has ' || count(*) || ' objects of its own', 'it has none'
  from members;

do $$
declare
  member record;
  checked integer := 0;
  problem text;
begin
  -- The validator of C functions loads the library and looks the function up.
  for member in
    select p.oid, l.lanvalidator::regproc as validator from members
    join pg_proc as p on members.classid = 'pg_proc'::regclass and members.objid = p.oid
    join pg_language as l on l.oid = p.prolang and l.lanname = 'c'
  loop
    begin
      execute format('select %s(%s::oid)', member.validator, member.oid);
      checked := checked + 1;
    exception when others then
      problem := coalesce(problem || '; ', '') || member.oid::regprocedure || ': ' || sqlerrm;
    end;
  end loop;
  insert into result values (3, problem is null, checked || ' functions are in its libraries', problem);

  checked := 0;
  problem := null;
  for member in
    select t.oid from members join pg_type as t on members.classid = 'pg_type'::regclass and members.objid = t.oid
    where t.typisdefined and t.typtype <> 'p'
  loop
    begin
      execute format('select null::%s', member.oid::regtype);
      checked := checked + 1;
    exception when others then
      problem := coalesce(problem || '; ', '') || member.oid::regtype || ': ' || sqlerrm;
    end;
  end loop;
  insert into result values (4, problem is null, checked || ' types can be used', problem);
end
$$;

select format('drop extension if exists %I cascade', extname) from pg_extension
where extname not in (select extname from before_extensions)
\gexec

insert into result
  select 5, count(*) = 0, 'dropped without leftovers', string_agg(pg_describe_object(classid, objid, 0), ', ')
  from (select * from objects except select * from before) as leftovers
  where classid <> 'pg_namespace'::regclass
    or not exists (select from pg_namespace where oid = objid and nspname ~ '^pg_toast_temp');

\echo 1..5
select case when passed then '' else 'not ' end || 'ok ' || number || ' - ' || :'extension' || ': ' || what
  || case when passed then '' else E'\n# ' || coalesce(detail, '') end
from result order by number;
rollback;
