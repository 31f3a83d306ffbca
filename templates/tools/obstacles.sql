-- What keeps a database from being upgraded, or makes more work: of each the methods that it stops (* is every, a name in
-- brackets is only told), what it is, and what to do, each with a zero byte after it.
-- Variables: old_major, new_major, superuser, home.
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset fieldsep_zero
\pset recordsep_zero
\pset pager off
set search_path = pg_catalog;
select current_database() = :'home' as once_for_all,
       :old_major < 16 and :new_major >= 16 as aclitem_changes,
       :old_major < 14 and :new_major >= 14 as operators_change,
       :old_major < 18 and :new_major >= 18 as null_is_inherited \gset

-- Columns whose values have what is another in NEW: numbers of objects, which pg_upgrade keeps for tables, types and roles
-- alone; rows of system tables; access rights in their form before 16. In domains, arrays, rows and ranges, too.
with recursive bad as (
  select t.oid as type, t.oid as because from pg_type as t
  where t.oid in ('regcollation'::regtype, 'regconfig'::regtype, 'regdictionary'::regtype, 'regnamespace'::regtype,
                  'regoper'::regtype, 'regoperator'::regtype, 'regproc'::regtype, 'regprocedure'::regtype)
     or t.oid = 'aclitem'::regtype and :'aclitem_changes'::boolean
     or t.typtype = 'c' and (t.oid < 16384 or t.typnamespace = 'information_schema'::regnamespace)
  union
  select made.oid, bad.because from bad, lateral (
    select oid from pg_type where typbasetype = bad.type and typtype = 'd'
    union all select oid from pg_type where typelem = bad.type and typtype = 'b'
    union all select t.oid from pg_type as t join pg_attribute as a on a.attrelid = t.typrelid
      where t.typtype = 'c' and a.atttypid = bad.type and a.attnum > 0 and not a.attisdropped and t.oid >= 16384
    union all select rngtypid from pg_range where rngsubtype = bad.type
  ) as made
)
select distinct 'pg_upgrade',
  format('the column %I.%I.%I has values of the type %s, which mean something else in a new cluster',
    n.nspname, c.relname, a.attname, format_type(bad.because, null)),
  format('alter table %I.%I alter column %I type text using %I::text; and the way back afterwards',
    n.nspname, c.relname, a.attname, a.attname)
from bad join pg_attribute as a on a.atttypid = bad.type and not a.attisdropped
join pg_class as c on c.oid = a.attrelid join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'm', 'i') and n.nspname !~ '^pg_(toast|temp)' and n.nspname not in ('pg_catalog', 'information_schema')
  and c.oid >= 16384
order by 2;

select 'pg_upgrade', format('the operator %s follows its operand, which no operator does since PostgreSQL 14', oid::regoperator),
  format('drop operator %s;', oid::regoperator)
from pg_operator where :'operators_change'::boolean and oprright = 0 and oid >= 16384;

select 'pg_upgrade',
  format('the column %s.%I may be null, though %s, of which the table inherits it, says it may not', child.attrelid::regclass,
    child.attname, parent.attrelid::regclass),
  format('alter table %s alter column %I set not null;', child.attrelid::regclass, child.attname)
from pg_inherits as i join pg_attribute as child on child.attrelid = inhrelid join pg_attribute as parent on parent.attrelid = inhparent
where :'null_is_inherited'::boolean and child.attname = parent.attname and parent.attnum > 0 and parent.attnotnull and not child.attnotnull;

select '[*]', format('the index %s is not valid', indexrelid::regclass), format('reindex index %s; or drop it', indexrelid::regclass)
from pg_index as i join pg_class as c on c.oid = i.indexrelid where not (indisvalid and indisready) and c.relkind = 'i' order by 2;

select '[pg_upgrade]', format('the collation %s sorts otherwise than when it was made', oid::regcollation),
  format('rebuild what depends on it, then alter collation %s refresh version;', oid::regcollation)
from pg_collation where collversion <> pg_collation_actual_version(oid) order by 2;

select '[logical]', format('the table %s has no key that says which row an update or a delete is of: both are errors while it is replicated', c.oid::regclass),
  format('alter table %s replica identity full;', c.oid::regclass)
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence = 'p' and c.oid >= 16384 and n.nspname !~ '^pg_'
  and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
  and (c.relreplident = 'n' or c.relreplident = 'd' and not exists (select from pg_index where indrelid = c.oid and indisprimary)
       or c.relreplident = 'i' and not exists (select from pg_index where indrelid = c.oid and indisreplident))
order by 2;

select m, format('the transaction %L of %I is prepared, and neither committed nor rolled back', gid, owner),
  format('commit prepared %L; or rollback prepared %1$L;', gid)
from pg_prepared_xacts, (values ('pg_upgrade'), ('[pg_dumpall]'), ('[logical]')) as methods (m)
where database = current_database() order by 2;

\if :once_for_all
select distinct case when datconnlimit = -2 then '*' else m end, format('the database %I %s', datname,
    case when datconnlimit = -2 then 'is half dropped' else 'takes no connections' end),
  case when datconnlimit = -2 then format('drop database %I;', datname) else format('alter database %I allow_connections true;', datname) end
from pg_database, (values ('pg_upgrade'), ('[pg_dumpall]'), ('[logical]')) as methods (m)
where (not datallowconn and datname <> 'template0' or datconnlimit = -2) order by 2;

select 'pg_upgrade', 'the database template0 takes connections', 'alter database template0 allow_connections false;'
from pg_database where datname = 'template0' and datallowconn;

select 'pg_upgrade', format('%I is not the user that the cluster was made with', :'superuser'),
  format('give --user %s', quote_literal(rolname))
from pg_authid where oid = 10 and rolname <> :'superuser';

select '[*]', format('the password of %I is kept as MD5, which PostgreSQL gives up', rolname), 'set it anew, with password_encryption = scram-sha-256'
from pg_authid where :new_major >= 18 and rolpassword ~ '^md5' order by 2;
\endif
