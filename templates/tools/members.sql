-- What belongs to each extension of a database: extension, object, and a checksum of what it is, with tabs between
-- them. Of a view its columns: PostgreSQLs write the same definition in different forms. The same version of an extension in the same schema gives the same.
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset fieldsep '\t'
\pset pager off
set search_path = pg_catalog;
select translate(e.extname, E'\t\n', '  '), translate(pg_describe_object(d.classid, d.objid, d.objsubid), E'\t\n', '  '), md5(concat_ws('|',
  coalesce(p.definition, c.definition)))
from pg_depend as d
join pg_extension as e on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.deptype = 'e'
left join lateral (
  select concat_ws('|', regexp_replace(prosrc, '/nix/store/[a-z0-9]{32}-', '', 'g'), probin, prokind, provolatile, proparallel, proisstrict, prosecdef, proleakproof, procost, prorows,
    proconfig, l.lanname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), pg_get_function_sqlbody(p.oid)) as definition
  from pg_proc as p join pg_language as l on l.oid = p.prolang where d.classid = 'pg_proc'::regclass and p.oid = d.objid
) as p on true
left join lateral (
  select concat_ws('|', relkind, relpersistence, reloptions,
    (select string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull), ',' order by attnum)
     from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped)) as definition
  from pg_class as c where d.classid = 'pg_class'::regclass and c.oid = d.objid
) as c on true
-- What comes with a range (constructors, casts) is a member only after pg_upgrade.
where not exists (select from pg_cast as k join pg_range as r on k.castsource = r.rngtypid and k.casttarget = r.rngmultitypid
                  where d.classid = 'pg_cast'::regclass and k.oid = d.objid)
  and not exists (select from pg_depend as i where i.classid = d.classid and i.objid = d.objid and i.deptype = 'i')
  and not (d.classid = 'pg_type'::regclass and exists (select from pg_range where d.objid = rngmultitypid))
  and not (d.classid = 'pg_proc'::regclass and exists (select from pg_proc as f join pg_range on f.prorettype in (rngtypid, rngmultitypid)
             where f.oid = d.objid and f.prosrc ~ '^(range|multirange)_constructor'))
order by 1, 2;
