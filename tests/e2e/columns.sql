-- A difference for each column of each system catalog that knows something of users: one row is changed in it, by
-- itself, as no command would. Written as migration-test --plant reads them; after `\o FILE`, which says where to.
-- What cannot be changed so, or means nothing, stands in exempt with why.
set allow_system_table_mods = on;
set client_min_messages = warning;

create temporary table exempt (catalog text, columns text, why text);
insert into exempt values
  -- A server reads its files by these: another value makes it crash, which no upgrade does unseen.
  ('pg_attribute', 'attrelid attnum attlen attbyval attalign atttypid attisdropped attcacheoff', 'how rows are read'),
  ('pg_class', 'reltype relam relfilenode reltoastrelid relkind relnatts reltablespace relisshared', 'how files are read'),
  ('pg_type', 'typlen typbyval typalign typtype typrelid typsubscript', 'how values are read'),
  ('pg_index', 'indexrelid indrelid indnatts indnkeyatts indkey indclass indcollation indoption', 'how an index is read'),
  ('pg_database', 'dattablespace encoding', 'where the database is, and how its text is read'),
  ('pg_range', 'rngsubtype rngtypid rngmultitypid', 'how values are read'),
  -- Counted, or derived from what is compared.
  ('pg_amop', 'amopfamily amoplefttype amoprighttype', 'the family that has the operator, and its types'),
  ('pg_amproc', 'amprocfamily', 'the family that has the function'),
  ('pg_auth_members', 'grantor', 'compared from 16 on, since when PostgreSQL keeps it'),
  ('pg_collation', 'collencoding', 'follows from the locale'),
  ('pg_constraint', 'connamespace conindid conparentid coninhcount conkey conpfeqop conppeqop conffeqop',
    'follow from the table and the definition'),
  ('pg_extension', 'extrelocatable', 'what the control file says'),
  ('pg_attribute', 'atthasdef atthasmissing attmissingval attinhcount attndims', 'derived'),
  ('pg_class', 'relpages reltuples relallvisible relallfrozen relhasindex relchecks relhasrules relhastriggers relhassubclass relrewrite relfrozenxid relminmxid', 'derived or counted'),
  ('pg_database', 'datfrozenxid datminmxid dathasloginevt', 'derived or counted'),
  ('pg_index', 'indcheckxmin', 'of the running server'),
  ('pg_index', 'indisprimary indisexclusion indimmediate', 'follow from the constraint'),
  ('pg_inherits', 'inhseqno', 'an order'),
  ('pg_operator', 'oprresult', 'what the function gives'),
  ('pg_partitioned_table', 'partdefid', 'follows from the partitions'),
  ('pg_proc', 'provariadic pronargdefaults', 'follow from the arguments'),
  ('pg_range', 'rngsubopc', 'an operator class of another type means nothing'),
  ('pg_type', 'typndims', 'PostgreSQL does not look at it'),
  ('pg_depend', '*', 'derived from definitions; members of extensions are compared'),
  ('pg_shdepend', '*', 'derived from definitions'),
  ('pg_statistic', '*', 'estimates'),
  ('pg_statistic_ext_data', '*', 'estimates'),
  ('pg_init_privs', '*', 'what an extension brought along, beside what there is now'),
  ('pg_replication_origin', '*', 'of this server alone'),
  ('pg_subscription', 'subskiplsn', 'of this server alone'),
  ('pg_subscription_rel', '*', 'how far a subscription is, which the methods say');

-- Where no other row shows another value.
create temporary table other (catalog text, col text, value text);
insert into other values
  ('pg_attribute', 'attcompression', 'p'), ('pg_attribute', 'attidentity', 'd'), ('pg_attribute', 'attgenerated', 's'),
  ('pg_class', 'relpersistence', 'u'), ('pg_class', 'relreplident', 'f'), ('pg_collation', 'collprovider', 'c'),
  ('pg_event_trigger', 'evtenabled', 'D'), ('pg_policy', 'polcmd', 'w'), ('pg_rewrite', 'ev_enabled', 'D'),
  ('pg_trigger', 'tgenabled', 'D'), ('pg_default_acl', 'defaclobjtype', 'f'), ('pg_type', 'typdelim', ';');

-- What belongs to extensions, and what belongs to that.
create temporary table of_extensions as
  with recursive found (classid, objid) as (
    select classid, objid from pg_depend where deptype = 'e'
    union
    select d.classid, d.objid from pg_depend as d
    join found on (d.refclassid, d.refobjid) = (found.classid, found.objid) and d.deptype in ('a', 'i', 'P', 'S')
  )
  select classid, objid from found;
create index on of_extensions (objid);
-- What belongs to something of users, and is not looked at for itself.
create temporary table internal as select classid, objid from pg_depend where deptype = 'i';
create index on internal (objid);

create temporary table planted (number int generated always as identity, what text, command text);

do $do$
declare
  here record;
  keys text;
  mine text;
  refers text;
  same boolean;
  pick text;
  value text;
  target text;
  command text;
  trouble text;
begin
  perform set_config('allow_system_table_mods', 'on', false);
  for here in
    select c.oid, c.relname, a.attname, t.typname, t.typtype, a.attnotnull,
      exists (select from pg_attribute where attrelid = c.oid and attname = 'oid' and attnum > 0) as has_oid,
      (select array_agg(k.attname order by k.attnum) from pg_index i join pg_attribute k on k.attrelid = c.oid
        and k.attnum = any (i.indkey) where i.indrelid = c.oid and i.indisprimary) as pk,
      (select array_agg(k.attname order by k.attnum) from pg_index i join pg_attribute k on k.attrelid = c.oid
        and k.attnum = any (i.indkey) where i.indrelid = c.oid and i.indisprimary and k.atttypid = 'oid'::regtype) as oids
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
    where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r' and a.attname <> 'oid'
      -- No expression can be written so; planted.sql has those.
      and t.typname <> 'pg_node_tree'
      and not exists (select from exempt e where e.catalog = c.relname
        and (e.columns = '*' or a.attname = any (string_to_array(e.columns, ' '))))
    order by c.relname, a.attnum
  loop
    continue when here.pk is null;
    -- Rows of users, and of no extension.
    mine := case when here.has_oid then 'd.oid >= 16384'
                 else (select string_agg(format('d.%I >= 16384', o), ' or ') from unnest(here.oids) as o) end;
    continue when mine is null;
    mine := format('(%s) and not exists (select from of_extensions e where e.objid in (%s))', mine, (
      select string_agg(format('d.%I', k.attname), ', ') from pg_attribute as k where k.attrelid = here.oid
      and (k.attname in ('oid', 'adrelid', 'attrelid', 'indrelid', 'conrelid', 'contypid', 'tgrelid', 'ev_class', 'polrelid',
        'amopfamily', 'amprocfamily', 'inhrelid', 'opcfamily', 'enumtypid') or k.attname = any (here.oids))));
    if here.has_oid then
      mine := mine || format(' and not exists (select from internal i where i.objid = d.oid and i.classid = %s)', here.oid);
    end if;
    mine := mine || case here.relname
      when 'pg_class' then ' and d.relkind in (''r'', ''v'', ''m'', ''S'', ''p'', ''i'') and d.relnamespace::regnamespace::text !~ ''^pg_'''
      when 'pg_attribute' then ' and d.attnum > 0 and not d.attisdropped and exists (select from pg_class r where r.oid = d.attrelid and r.relkind in (''r'', ''p'') and r.relnamespace::regnamespace::text !~ ''^pg_'')'
      when 'pg_type' then ' and d.typtype in (''b'', ''d'', ''e'') and d.typelem = 0 and d.typnamespace::regnamespace::text !~ ''^pg_'''
      when 'pg_collation' then ' and d.collprovider <> ''d'''
      when 'pg_trigger' then ' and not d.tgisinternal'
      when 'pg_constraint' then ' and d.contype <> ''n'''
      when 'pg_rewrite' then ' and d.rulename <> ''_RETURN'''
      when 'pg_namespace' then ' and d.nspname !~ ''^pg_'''
      when 'pg_database' then ' and d.datname <> current_database() and d.datallowconn'
      when 'pg_index' then ' and d.indisunique and not exists (select from pg_constraint c where c.conindid = d.indexrelid) and d.indrelid::regclass::text !~ ''^pg_'''
      else '' end;
    mine := mine || case here.attname
      when 'atttypmod' then ' and d.atttypmod > 0'
      when 'attfdwoptions' then ' and exists (select from pg_foreign_table f where f.ftrelid = d.attrelid)'
      when 'castfunc' then ' and d.castmethod = ''f'''
      when 'conislocal' then ' and d.contype = ''c'' and exists (select from pg_inherits i where i.inhrelid = d.conrelid)'
      when 'confrelid' then ' and d.contype = ''f'''
      when 'confupdtype' then ' and d.contype = ''f'''
      when 'confdeltype' then ' and d.contype = ''f'''
      when 'confmatchtype' then ' and d.contype = ''f'''
      when 'prorows' then ' and d.proretset'
      when 'tgconstrrelid' then ' and d.tgconstraint <> 0'
      when 'tgconstrindid' then ' and d.tgconstrindid <> 0'
      when 'tgdeferrable' then ' and d.tgconstraint <> 0'
      when 'tginitdeferred' then ' and d.tgconstraint <> 0'
      when 'inhdetachpending' then ' and exists (select from pg_class r where r.oid = d.inhrelid and r.relispartition)'
      else '' end;
    -- Of domains and enumerations, these are their base's.
    if here.attname in ('typcategory', 'typispreferred', 'typdelim', 'typelem', 'typinput', 'typoutput', 'typreceive', 'typsend',
      'typmodin', 'typmodout', 'typanalyze', 'typstorage', 'typdefault') then
      mine := mine || ' and d.typtype = ''b''';
    end if;
    -- To another thing of the same catalog.
    refers := (select pktable::text from pg_get_catalog_foreign_keys()
      where fktable = here.oid and fkcols = array[here.attname::text] and pkcols = '{oid}' and not is_array);
    value := case
      when exists (select from other o where o.catalog = here.relname and o.col = here.attname)
        then (select format('%L', o.value) from other o where o.catalog = here.relname and o.col = here.attname)
      when here.typname = 'bool' then format('not d.%I', here.attname)
      when here.typname = 'name' then format('(d.%I::text || ''_x'')::name', here.attname)
      when here.typname = 'text' then format('d.%I || ''x''', here.attname)
      when here.typname = '_text' then format('coalesce(d.%I, ''{}'') || ''{added.one=1}''', here.attname)
      when here.typname = '_aclitem' then format('array[makeaclitem(0, (select oid from pg_roles where rolname = current_user), %L, false)]',
        case here.relname when 'pg_class' then 'SELECT' when 'pg_attribute' then 'SELECT' when 'pg_proc' then 'EXECUTE'
          when 'pg_database' then 'CONNECT' when 'pg_tablespace' then 'CREATE' when 'pg_parameter_acl' then 'SET' else 'USAGE' end)
      when here.typname in ('int2', 'int4', 'int8', 'float4') then format('coalesce(d.%I, 0) + 1', here.attname)
      when refers is not null then (select format('(select o.oid from %s o where o.oid <> d.%I order by o.oid < 16384, o.oid limit 1)', refers, here.attname))
      else '(' || format('select o.%1$I from pg_catalog.%2$I o where o.%1$I::text is distinct from d.%1$I::text', here.attname, here.relname)
        || format(' order by o.%1$I is null, (o.%1$I::text in (''0'', '''', ''{}'')), o.%1$I::text limit 1)', here.attname)
        end;
    trouble := null;
    if exists (select from other o where o.catalog = here.relname and o.col = here.attname) then
      mine := mine || format(' and d.%I::text is distinct from %s', here.attname, value);
    end if;
    pick := format('select format(%L, %s) from pg_catalog.%I d where %s order by d.%I is null, %s limit 1',
      (select string_agg(format('%I = %%L', k), ' and ') from unnest(here.pk) as k),
      (select string_agg(format('d.%I', k), ', ') from unnest(here.pk) as k), here.relname, mine, here.attname,
      (select string_agg(format('d.%I', k), ', ') from unnest(here.pk) as k));
    execute pick into target;
    continue when target is null;
    -- The value itself, as it stands in the command.
    begin
      execute format('select quote_nullable((%s)::text), (%s)::text is not distinct from d.%I::text from pg_catalog.%I d where %s',
        value, value, here.attname, here.relname, target) into value, same;
      if same or value = 'NULL' and here.attnotnull then
        raise exception 'no row has another';
      end if;
      command := format('update pg_catalog.%I set %I = %s where %s', here.relname, here.attname, value, target);
      execute command;
      get diagnostics trouble = row_count;
      trouble := nullif(trouble, '1');
      -- Only tried.
      raise exception using errcode = 'U0001';
    exception
      when sqlstate 'U0001' then null;
      when others then trouble := sqlerrm;
    end;
    if trouble is null then
      insert into planted (what, command) values (format('%s.%s: %s', here.relname, here.attname, translate(target, E'\n\r', '  ')), command);
    else
      insert into planted (what) values (format('%s.%s: %s', here.relname, here.attname, trouble));
    end if;
  end loop;
end
$do$;

\pset format unaligned
\pset tuples_only on
-- That nothing is changed is an error.
select format(E'-- planted: %s\nset allow_system_table_mods = on;\nwith changed as (%s returning 1) select 1 / count(*) from changed;', what, command)
from planted where command is not null order by number;
select format(E'-- not tried: %s', what) from planted where command is null order by number;
\o
