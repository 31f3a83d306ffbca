-- What is in a database: of each thing the kind, the name and the value, each with a zero byte after it,
-- because any other can be in them. Two databases of the same content give the same, whatever their PostgreSQL.
-- What definitions say (pg_dump) is compared beside this: here is what they leave out.
-- Variables: home, the database that is asked for what belongs to none; grantors, whether both keep who granted a
-- membership, which PostgreSQL does since 16.
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
select current_setting('server_version_num')::int >= 150000 as since_15,
       current_database() = :'home' as once_for_all \gset

-- Tables and materialized views: rows, and a checksum that does not depend on their order. Of the tables
-- of extensions, those whose content pg_dump takes along. What is computed of the rest is compared on its own.
select format(
  $$select %L, %L, count(*) || ' rows ' || coalesce(left(md5(string_agg(hash, '' order by hash collate "C")), 12), '-')
    from (select md5(%s::text) as hash from only %s as t) as hashes$$,
  what, current_database() || '.' || n.nspname || '.' || c.relname, case when what = 'table' and g.given is not null then g.given else 't' end,
  c.oid::regclass)
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
left join lateral (
  select format('row(%s)', string_agg(format('t.%I', attname), ', ' order by attnum) filter (where attgenerated = '')) as given
  from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped having bool_or(attgenerated <> '')
) as g on true
cross join (values ('table'), ('generated columns')) as w (what)
where (what = 'table' or g.given is not null) and c.relkind in ('r', 'm') and c.relispopulated
  and n.nspname !~ '^pg_(toast|temp)' and n.nspname not in ('pg_catalog', 'information_schema')
  and (not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
       or exists (select from pg_extension where c.oid = any (extconfig)))
order by what desc, n.nspname, c.relname
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
  concat_ws(' ', length(lo_get(oid)), 'bytes', left(md5(lo_get(oid)), 12), 'of', lomowner::regrole, 'for',
    (select string_agg(item::text, ',' order by item::text) from unnest(coalesce(lomacl, acldefault('L', lomowner))) as item),
    obj_description(oid, 'pg_largeobject'))
from pg_largeobject_metadata order by oid;

select 'extension', current_database() || '.' || extname, extversion from pg_extension order by extname;
select 'extension owner', current_database() || '.' || extname, extowner::regrole::text from pg_extension order by extname;
select 'extension comment', current_database() || '.' || extname, coalesce(obj_description(oid, 'pg_extension'), '(none)')
from pg_extension order by extname;

-- What an upgrade could leave unusable without changing any definition.
select 'count', current_database() || ' ' || what, count from (
  select 'valid indexes' as what, count(*) from pg_index as i join pg_class as c on c.oid = i.indexrelid
    join pg_namespace as n on n.oid = c.relnamespace
    where i.indisvalid and i.indisready and i.indislive and n.nspname !~ '^(pg_|information_schema)'
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

select 'invalid index', format('%s.%s.%s', current_database(), n.nspname, c.relname),
  concat_ws(' ', case when not indisvalid then 'not valid' end, case when not indisready then 'not ready' end,
    case when not indislive then 'not live' end)
from pg_index as i join pg_class as c on c.oid = i.indexrelid join pg_namespace as n on n.oid = c.relnamespace
where not (indisvalid and indisready and indislive) and c.relkind = 'i' order by 2;

-- A partition whose `detach … concurrently` was interrupted; no definition says so.
select 'half detached', format('%s.%s', current_database(), inhrelid::regclass), 'of ' || inhparent::regclass
from pg_inherits as i where (to_jsonb(i) ->> 'inhdetachpending')::boolean order by 2;

-- Collations whose library sorts otherwise than when they were made: their indexes may be wrong. Of PostgreSQL's own,
-- only those. What a database sorts by comes below.
select 'collation', format('%s.%s.%s', current_database(), n.nspname, collname),
  case when collversion is not distinct from pg_collation_actual_version(c.oid) then 'as the library has it'
       else 'made with ' || coalesce(collversion, 'no version') end
from pg_collation as c join pg_namespace as n on n.oid = c.collnamespace
where (collversion is distinct from pg_collation_actual_version(c.oid) or c.oid >= 16384) and collprovider <> 'd' order by 2;

-- pg_dump leaves out what is in the system's schemas.
select 'in pg_catalog', current_database() || ' ' || pg_describe_object(classid, objid, 0), owner from (
  select 'pg_proc'::regclass as classid, oid as objid, proowner::regrole::text as owner from pg_proc
    where oid >= 16384 and pronamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  union all
  select 'pg_class'::regclass, oid, relowner::regrole::text from pg_class
    where oid >= 16384 and relnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  union all
  select 'pg_type'::regclass, oid, typowner::regrole::text from pg_type
    where oid >= 16384 and typnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
) as objects
where not exists (select from pg_depend as d where d.classid = objects.classid and d.objid = objects.objid and d.deptype in ('e', 'i'))
order by 2;

select 'subscription', current_database() || '.' || subname,
  concat_ws(' ', case when subenabled then 'enabled' else 'disabled' end, 'slot', coalesce(subslotname, '(none)'), 'of', subowner::regrole)
from pg_subscription where subdbid = (select oid from pg_database where datname = current_database()) order by 2;

select 'event trigger', current_database() || '.' || evtname, concat_ws(' ', evtevent, evtenabled, evtfoid::regproc) from pg_event_trigger
where not exists (select from pg_depend where classid = 'pg_event_trigger'::regclass and objid = pg_event_trigger.oid and deptype = 'e')
order by 2;

select 'label', current_database() || ' ' || objtype || ' ' || objname || ' ' || provider, label from pg_seclabels order by 2;

select 'prepared transaction', database || ' ' || gid, 'of ' || owner from pg_prepared_xacts where database = current_database() order by 2;

select 'settings', coalesce(d.datname, 'every database') || ' ' || coalesce(r.rolname, 'every role'),
  (select string_agg(setting, ' ' order by setting) from unnest(s.setconfig) as setting)
from pg_db_role_setting as s
left join pg_database as d on d.oid = s.setdatabase
left join pg_roles as r on r.oid = s.setrole
where :'once_for_all'::boolean
order by 2;

-- What follows belongs to no database.
\if :once_for_all
select 'role', rolname, concat_ws(' ',
  case when rolsuper then 'superuser' end, case when rolinherit then 'inherit' end,
  case when rolcreaterole then 'createrole' end, case when rolcreatedb then 'createdb' end,
  case when rolcanlogin then 'login' end, case when rolreplication then 'replication' end,
  case when rolbypassrls then 'bypassrls' end, 'connections ' || nullif(rolconnlimit, -1), 'until ' || rolvaliduntil,
  'password ' || left(md5(rolpassword), 12), shobj_description(oid, 'pg_authid'))
from pg_authid
where rolname !~ '^pg_'
order by rolname;

-- Before 16, a membership is inherited when its member inherits, and can always be taken on.
select 'member', format('%s has %s', m.member::regrole, m.roleid::regrole), string_agg(distinct concat_ws(' ',
  case when :'grantors'::boolean then 'by ' || m.grantor::regrole end, case when admin_option then 'admin' end,
  case when coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit) then 'inherit' end,
  case when coalesce((to_jsonb(m) ->> 'set_option')::boolean, true) then 'set' end), ', ')
from pg_auth_members as m join pg_roles as r on r.oid = m.member
where m.member >= 16384 or m.roleid >= 16384
group by 2 order by 2;

-- Since 17, pg_database has locales of other providers under another name.
select 'database', datname, concat_ws(' ',
  pg_encoding_to_char(encoding), datcollate, datctype, to_jsonb(d) ->> 'datlocprovider',
  coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'), to_jsonb(d) ->> 'daticurules', 'of', datdba::regrole,
  'connections ' || nullif(datconnlimit, -1), case when datistemplate then 'template' end,
  case when not datallowconn then 'no connections' end, 'in ' || t.spcname,
  'for ' || (select string_agg(item::text, ',' order by item::text) from unnest(coalesce(datacl, acldefault('d', datdba))) as item),
  shobj_description(d.oid, 'pg_database'))
from pg_database as d join pg_tablespace as t on t.oid = d.dattablespace order by 2;

select 'tablespace', spcname, concat_ws(' ', 'of', spcowner::regrole,
  'for ' || (select string_agg(item::text, ',' order by item::text) from unnest(coalesce(spcacl, acldefault('t', spcowner))) as item),
  spcoptions, shobj_description(oid, 'pg_tablespace'))
from pg_tablespace order by 2;

select 'replication slot', slot_name, concat_ws(' ', slot_type, plugin, 'of', database) from pg_replication_slots
where slot_name !~ '^migration_test' and not temporary order by 2;

select 'alter system', name, setting from pg_file_settings where sourcefile ~ 'postgresql\.auto\.conf$' order by 2;

\if :since_15
select 'parameter', parname, (select string_agg(item::text, ',' order by item::text) from unnest(paracl) as item) from pg_parameter_acl order by 2;

select 'collation', 'database ' || datname,
  case when datcollversion is not distinct from pg_database_collation_actual_version(oid) then 'as the library has it'
       else 'made with ' || coalesce(datcollversion, 'no version') end
from pg_database order by 2;
\endif
\endif
