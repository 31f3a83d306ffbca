-- What belongs to the extension `name` in this database, an object a line, and all that was said of it but comments:
-- the same version gives the same, however it came here. White space does not count. Columns are in the order of their
-- names, as ALTER TABLE puts them last.
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset pager off
set search_path = pg_catalog;
with extension as (select * from pg_extension where extname = :'name'),
members as materialized (
  select d.classid, d.objid from pg_depend as d join extension as e on d.refobjid = e.oid
  where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
),
privileges as materialized (
  select members.classid, members.objid, coalesce(proacl, acldefault('f', proowner)) as acl from pg_proc join members on members.classid = 'pg_proc'::regclass and members.objid = oid
  union all
  select 'pg_class'::regclass, oid, coalesce(relacl, acldefault((case relkind when 'S' then 's' else 'r' end)::"char", relowner)) from pg_class join members on members.classid = 'pg_class'::regclass and members.objid = oid
  where relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  union all
  select 'pg_type'::regclass, oid, coalesce(typacl, acldefault('T', typowner)) from pg_type join members on members.classid = 'pg_type'::regclass and members.objid = oid
  union all
  select 'pg_namespace'::regclass, oid, coalesce(nspacl, acldefault('n', nspowner)) from pg_namespace join members on members.classid = 'pg_namespace'::regclass and members.objid = oid
  union all
  select 'pg_class'::regclass, attrelid, attacl from pg_attribute join members on members.classid = 'pg_class'::regclass and members.objid = attrelid where attacl is not null
),
definitions as materialized (
  select 'pg_proc'::regclass::oid as classid, p.oid as objid, pg_get_functiondef(p.oid) as definition
  from pg_proc as p join members as m on m.classid = 'pg_proc'::regclass and m.objid = p.oid where p.prokind <> 'a'
  union all
  select 'pg_proc'::regclass, p.oid, (to_jsonb(a) - 'aggfnoid' - 'aggtranstype' - 'aggmtranstype' - 'aggsortop')::text
    || format(' %s %s %s %s', format_type(aggtranstype, null), format_type(aggmtranstype, null), aggsortop::regoperator, p.proparallel)
  from pg_proc as p join pg_aggregate as a on a.aggfnoid = p.oid join members on members.classid = 'pg_proc'::regclass and members.objid = p.oid
  union all
  select 'pg_class'::regclass, c.oid, concat_ws(' | ', relkind, relpersistence, array_to_string(reloptions, ','),
      case when relrowsecurity then 'row security' end, case when relforcerowsecurity then 'forced' end,
      (select string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), case when attnotnull then 'not null' end,
          pg_get_expr(adbin, adrelid), nullif(attidentity, ''), nullif(attgenerated, '')), ', ' order by attname)
        from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where attrelid = c.oid and attnum > 0 and not attisdropped and relkind <> 'S'),
      case when relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
      (select string_agg(conname || ' ' || pg_get_constraintdef(oid), ', ' order by conname) from pg_constraint
        where conrelid = c.oid and contype <> 'n'),
      (select string_agg(pg_get_indexdef(indexrelid), ', ' order by indexrelid::regclass::text) from pg_index where indrelid = c.oid),
      (select string_agg(pg_get_triggerdef(oid), ', ' order by tgname) from pg_trigger where tgrelid = c.oid and not tgisinternal),
      (select string_agg(concat_ws(' ', polname, polcmd, polpermissive, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)),
        ', ' order by polname) from pg_policy where polrelid = c.oid),
      (select string_agg(pg_get_ruledef(oid), ', ' order by rulename) from pg_rewrite where ev_class = c.oid and rulename <> '_RETURN'),
      (select (to_jsonb(s) - 'seqrelid' - 'seqtypid')::text || format_type(seqtypid, null) from pg_sequence as s where seqrelid = c.oid),
      (select 'dumped ' || coalesce(nullif(condition, ''), 'whole')
        from extension, unnest(extconfig, extcondition) as dumped (config, condition) where config = c.oid))
  from pg_class as c join members on members.classid = 'pg_class'::regclass and members.objid = c.oid
  union all
  select 'pg_type'::regclass, t.oid, concat_ws(' ', typtype, typlen, typbyval, typalign, typstorage, typcategory, typispreferred, typdelim,
      typinput::regproc, typoutput::regproc, typreceive::regproc, typsend::regproc, typmodin::regproc, typmodout::regproc,
      typanalyze::regproc, typsubscript::regproc, format_type(nullif(typelem, 0), null), format_type(nullif(typbasetype, 0), typtypmod),
      typnotnull, typdefault,
      (select string_agg(enumlabel, ',' order by enumsortorder) from pg_enum where enumtypid = t.oid),
      (select string_agg(pg_get_constraintdef(oid), ',' order by conname) from pg_constraint where contypid = t.oid and contype <> 'n'),
      (select concat_ws(' ', format_type(rngsubtype, null), rngcanonical::regproc, rngsubdiff::regproc) from pg_range where rngtypid = t.oid))
  from pg_type as t join members on members.classid = 'pg_type'::regclass and members.objid = t.oid
  union all
  select 'pg_operator'::regclass, oid, concat_ws(' ', oprcode::regprocedure, format_type(oprresult, null), oprcom::regoperator,
      oprnegate::regoperator, oprrest::regproc, oprjoin::regproc, oprcanmerge, oprcanhash)
  from pg_operator join members on members.classid = 'pg_operator'::regclass and members.objid = oid
  union all
  select 'pg_opclass'::regclass, oid, concat_ws(' ', opcfamily::text is not null, format_type(opcintype, null), opcdefault,
      format_type(nullif(opckeytype, 0), null)) from pg_opclass join members on members.classid = 'pg_opclass'::regclass and members.objid = oid
  union all
  select 'pg_opfamily'::regclass, f.oid, concat_ws(' | ',
      (select string_agg(concat_ws(' ', amopstrategy, amoppurpose, amopopr::regoperator), ', ' order by amopstrategy, amopopr::regoperator::text)
        from pg_amop where amopfamily = f.oid),
      (select string_agg(concat_ws(' ', amprocnum, format_type(amproclefttype, null), format_type(amprocrighttype, null), amproc::regprocedure),
        ', ' order by amprocnum, amproc::regprocedure::text) from pg_amproc where amprocfamily = f.oid))
  from pg_opfamily as f join members on members.classid = 'pg_opfamily'::regclass and members.objid = f.oid
  union all
  select 'pg_cast'::regclass, oid, concat_ws(' ', castfunc::regprocedure, castcontext, castmethod) from pg_cast join members on members.classid = 'pg_cast'::regclass and members.objid = oid
  union all
  select 'pg_am'::regclass, oid, concat_ws(' ', amhandler::regproc, amtype) from pg_am join members on members.classid = 'pg_am'::regclass and members.objid = oid
  union all
  select 'pg_language'::regclass, oid, concat_ws(' ', lanpltrusted, lanplcallfoid::regproc, laninline::regproc, lanvalidator::regproc) from pg_language join members on members.classid = 'pg_language'::regclass and members.objid = oid
  union all
  select 'pg_foreign_data_wrapper'::regclass, oid, concat_ws(' ', fdwhandler::regproc, fdwvalidator::regproc, fdwoptions) from pg_foreign_data_wrapper join members on members.classid = 'pg_foreign_data_wrapper'::regclass and members.objid = oid
  union all
  select 'pg_event_trigger'::regclass, oid, concat_ws(' ', evtevent, evtfoid::regproc, evtenabled, evttags) from pg_event_trigger join members on members.classid = 'pg_event_trigger'::regclass and members.objid = oid
)
select regexp_replace(regexp_replace(concat_ws(': ', i.type || ' ' || i.identity, d.definition,
  (select string_agg(item::text, ' ' order by item::text) from privileges as p, unnest(p.acl) as item
    where p.classid = m.classid and p.objid = m.objid)), '[[:space:]]+', ' ', 'g'), ' ?([(),;]) ?', '\1', 'g')
from members as m
cross join lateral pg_identify_object(m.classid, m.objid, 0) as i
left join definitions as d on d.classid = m.classid and d.objid = m.objid
order by 1;
