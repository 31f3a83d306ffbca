-- What is in a database: of each thing the kind, the name and the value, each with a zero byte after it,
-- because any other can be in them. Two databases of the same content give the same, whatever their PostgreSQL.
-- Superusers see all rows, whatever the policies.
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset fieldsep_zero
\pset recordsep_zero
\pset pager off
set search_path = pg_catalog;
set timezone = 'UTC';
set datestyle = 'ISO, YMD';
set intervalstyle = 'postgres';
set bytea_output = 'hex';
set extra_float_digits = 1;
set lc_monetary = 'C';

-- Tables and materialized views: rows, and a checksum that does not depend on their order. Of the tables
-- of extensions, those whose content pg_dump takes along.
select format(
  $$select 'table', %L, count(*) || ' rows ' || coalesce(left(md5(string_agg(hash, '' order by hash collate "C")), 12), '-')
    from (select md5(t::text) as hash from only %s as t) as hashes$$,
  current_database() || '.' || n.nspname || '.' || c.relname, c.oid::regclass)
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and c.relispopulated
  and n.nspname !~ '^pg_(toast|temp)' and n.nspname not in ('pg_catalog', 'information_schema')
  and (not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
       or exists (select from pg_extension where c.oid = any (extconfig)))
order by n.nspname, c.relname
\gexec

select 'table', current_database() || '.' || schemaname || '.' || matviewname, 'not filled' from pg_matviews
where not ispopulated order by 2;

select format($$select 'sequence', %L, last_value || case when is_called then '' else ' (not used)' end from %s$$,
  current_database() || '.' || n.nspname || '.' || c.relname, c.oid::regclass)
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'S' and n.nspname !~ '^pg_temp'
  and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
order by n.nspname, c.relname
\gexec

select 'large object', current_database() || '.' || oid,
  length(lo_get(oid)) || ' bytes ' || left(md5(lo_get(oid)), 12) || ' of ' || lomowner::regrole
from pg_largeobject_metadata order by oid;

select 'extension', current_database() || '.' || extname, extversion from pg_extension order by extname;

-- What an upgrade could leave unusable without changing any definition.
select 'count', current_database() || ' ' || what, count from (
  select 'valid indexes' as what, count(*) from pg_index as i join pg_class as c on c.oid = i.indexrelid
    join pg_namespace as n on n.oid = c.relnamespace
    where i.indisvalid and n.nspname !~ '^(pg_|information_schema)'
      and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = i.indrelid and deptype = 'e')
  union all
  select 'enabled triggers', count(*) from pg_trigger as t where not tgisinternal and tgenabled <> 'D'
      and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = t.tgrelid and deptype = 'e')
  union all
  select 'validated constraints', count(*) from pg_constraint as c
    join pg_namespace as n on n.oid = c.connamespace
    where convalidated and contype <> 'n' and n.nspname !~ '^(pg_|information_schema)'
      and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.conrelid and deptype = 'e')
      and not exists (select from pg_depend where classid = 'pg_type'::regclass and objid = c.contypid and deptype = 'e')
  union all
  select 'policies', count(*) from pg_policy
) as counts order by what;

-- Once for all databases.
select 'role', rolname, concat_ws(' ',
  case when rolsuper then 'superuser' end, case when rolinherit then 'inherit' end,
  case when rolcreaterole then 'createrole' end, case when rolcreatedb then 'createdb' end,
  case when rolcanlogin then 'login' end, case when rolreplication then 'replication' end,
  case when rolbypassrls then 'bypassrls' end, 'connections ' || nullif(rolconnlimit, -1), 'until ' || rolvaliduntil,
  'password ' || left(md5(rolpassword), 12),
  'member of ' || (select string_agg(roleid::regrole || case when admin_option then ' (admin)' else '' end, ', ' order by roleid::regrole::text)
                   from pg_auth_members as m where m.member = r.oid))
from pg_authid as r
where current_database() = 'postgres' and rolname !~ '^pg_'
order by rolname;

select 'settings', coalesce(d.datname, 'every database') || ' ' || coalesce(r.rolname, 'every role'), s.setconfig
from pg_db_role_setting as s
left join pg_database as d on d.oid = s.setdatabase
left join pg_roles as r on r.oid = s.setrole
where current_database() = 'postgres'
order by 2;

select 'database', datname, pg_encoding_to_char(encoding) || ' ' || datcollate || ' ' || datctype || ' of ' || datdba::regrole
from pg_database where datname = current_database();
