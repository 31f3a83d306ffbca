-- One extension alone: created, as the catalogue says, usable, dropped without leftovers. Set `extension`
-- and `version` (empty: the server's default). Speaks TAP itself, so that pgTAP can be tested as well.
\set ON_ERROR_STOP on
begin;
set local client_min_messages = warning;

create temp table result (number integer, passed boolean, what text, detail text);
create temp table before_extensions as select extname from pg_extension;
create temp table members (classid oid, objid oid);
create temp table state (after boolean, catalog text, thing text);

-- All rows of all catalogues, without what changes by itself. Dependencies follow from the rest.
create temp view snapshots as
  select format('insert into state select %%s, %L, t::text from (select %s from pg_catalog.%I) as t', c.relname,
      string_agg(quote_ident(attname), ', ' order by attnum), c.relname) as command
  from pg_class as c join pg_attribute on attrelid = c.oid and attnum > 0 and not attisdropped
  where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r'
    and c.relname not in ('pg_depend', 'pg_shdepend', 'pg_statistic', 'pg_statistic_ext_data')
    and attname not in ('relpages', 'reltuples', 'relallvisible', 'relallfrozen', 'relfrozenxid', 'relminmxid', 'relfilenode',
      'relhasindex', 'relhasrules', 'relhastriggers', 'relhassubclass', 'relchecks', 'datfrozenxid', 'datminmxid')
  group by c.oid, c.relname;
-- Nothing that an extension leaves can be told from what it should leave, but for roles: they are dropped by nobody.
create temp table known (extension text, catalogs text[]);
insert into known values
  ('pg_tle', '{pg_authid,pg_auth_members}'),
  ('pgsodium', '{pg_authid,pg_auth_members}'),
  ('supabase_vault', '{pg_authid,pg_auth_members}');
select format(command, 'false') from snapshots \gexec

create extension :"extension" cascade;

insert into members
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

select format(command, 'true') from snapshots \gexec

with changed as (
  (select catalog, thing, true as after from state where after except select catalog, thing, true from state where not after)
  union all
  (select catalog, thing, false from state where not after except select catalog, thing, false from state where after)
)
insert into result
  select 5, count(*) = 0, 'dropped without leftovers',
    string_agg(format('%s in %s: %s', case when after then 'left' else 'gone' end, catalog, left(thing, 120)), '; ' order by catalog, thing)
  from changed
  where not exists (select from known where extension = :'extension' and catalog = any (catalogs));

\echo 1..5
select case when passed then '' else 'not ' end || 'ok ' || number || ' - ' || :'extension' || ': ' || what
  || case when passed then '' else E'\n# ' || coalesce(detail, '') end
from result order by number;
rollback;
