-- What is in a database, one line a thing: kind, name, value. Two databases of the same content give the
-- same lines, whatever their PostgreSQL. Superusers see all rows, whatever the policies.
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset fieldsep '\t'
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
where c.relkind in ('r', 'm')
  and n.nspname !~ '^pg_(toast|temp)' and n.nspname not in ('pg_catalog', 'information_schema')
  and (not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
       or exists (select from pg_extension where c.oid = any (extconfig)))
order by n.nspname, c.relname
\gexec

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

select 'database', datname, pg_encoding_to_char(encoding) || ' ' || datcollate || ' ' || datctype || ' of ' || datdba::regrole
from pg_database where datname = current_database();
