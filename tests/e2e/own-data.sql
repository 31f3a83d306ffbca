-- What extensions keep, or what uses them: below each `-- extension: NAME` what `cargo xtask upgrade --own-data` runs after
-- it has created that one, in a schema `kept`. A part that fails ends the test.

-- extension: amcheck
create view kept.amcheck as select bt_index_check('kept.keys_pkey') is null as fine;
-- extension: autoinc
create sequence kept.autoinc_next start 7;
create table kept.autoinc (id integer, body text);
create trigger autoinc before insert on kept.autoinc for each row execute function autoinc(id, 'kept.autoinc_next');
insert into kept.autoinc (body) values ('first'), ('second');
-- extension: bloom
create table kept.bloom as select n, n % 7 as m from generate_series(1, 500) as n;
create index on kept.bloom using bloom (n, m) with (length = 80);
-- extension: plperl
create function kept.plperl(text) returns text language plperl immutable as $$ return scalar reverse $_[0]; $$;
create table kept.plperl (a text, b text generated always as (kept.plperl(a)) stored);
insert into kept.plperl values ('abc');
create index on kept.plperl (kept.plperl(b));
-- extension: plperlu
create function kept.plperlu() returns text language plperlu as $$ return $^O; $$;
-- extension: bool_plperl
create function kept.bool_plperl(boolean) returns boolean language plperl transform for type boolean as $$ return !$_[0]; $$;
-- extension: bool_plperlu
create function kept.bool_plperlu(boolean) returns boolean language plperlu transform for type boolean as $$ return !$_[0]; $$;
-- extension: btree_gin
create table kept.btree_gin as select n, n::text as t from generate_series(1, 500) as n;
create index on kept.btree_gin using gin (n, t);
-- extension: btree_gist
create table kept.btree_gist (room integer, during daterange, place inet, exclude using gist (room with =, during with &&));
insert into kept.btree_gist values (1, '[2024-01-01,2024-02-01)', '10.0.0.1'), (1, '[2024-02-01,2024-03-01)', '10.0.0.2');
create index on kept.btree_gist using gist (place gist_inet_ops);
-- extension: citext
create table kept.citext (name citext primary key, other citext[]);
insert into kept.citext values ('MixedCase', '{A,b}');
-- extension: cube
create table kept.cube (c cube);
insert into kept.cube select cube(array[n, n * 2, n / 3.0]) from generate_series(1, 300) as n;
create index on kept.cube using gist (c);
-- extension: dblink
create server dblink_there foreign data wrapper dblink_fdw options (host 'localhost', dbname 'nowhere');
-- extension: dict_int
create text search dictionary kept.dict_int (template = intdict_template, maxlen = 4, rejectlong = false);
create text search configuration kept.dict_int (copy = simple);
alter text search configuration kept.dict_int alter mapping for uint with kept.dict_int;
create table kept.dict_int as select to_tsvector('kept.dict_int', '123456 12') as words;
-- extension: dict_xsyn
create text search dictionary kept.dict_xsyn (template = xsyn_template, rules = 'xsyn_sample', matchsynonyms = true);
-- extension: earthdistance
create table kept.earthdistance (place earth);
insert into kept.earthdistance select ll_to_earth(n, n + 1) from generate_series(1, 80) as n;
create index on kept.earthdistance using gist (place);
-- extension: file_fdw
create server files foreign data wrapper file_fdw;
create foreign table kept.file_fdw (line text) server files options (filename '/nowhere', format 'text');
-- extension: fuzzystrmatch
create table kept.fuzzystrmatch (name text, sound text generated always as (soundex(name)) stored);
insert into kept.fuzzystrmatch values ('Anne'), ('Robert');
create index on kept.fuzzystrmatch (metaphone(name, 8));
-- extension: hstore
create table kept.hstore (h hstore, list hstore[]);
insert into kept.hstore select hstore('n', n::text) || 'a=>NULL', array['x=>1'::hstore] from generate_series(1, 200) as n;
create index on kept.hstore using gin (h);
create index on kept.hstore using gist (h gist_hstore_ops (siglen = 32));
-- extension: hstore_plperl
create function kept.hstore_plperl(hstore) returns text language plperl transform for type hstore as $$ return $_[0]->{a}; $$;
-- extension: hstore_plperlu
create function kept.hstore_plperlu(hstore) returns text language plperlu transform for type hstore as $$ return $_[0]->{a}; $$;
-- extension: hstore_plpython3u
create function kept.hstore_plpython3u(h hstore) returns integer language plpython3u transform for type hstore as $$
return len(h)
$$;
-- extension: insert_username
create table kept.insert_username (body text, by text);
create trigger insert_username before insert on kept.insert_username for each row execute function insert_username(by);
insert into kept.insert_username values ('x');
-- extension: intagg
create view kept.intagg as select int_array_aggregate(n) as all_of_them from generate_series(1, 9) as n;
-- extension: intarray
create table kept.intarray as select array[n, n * 2, n % 5] as list, '1&(2|3)'::query_int as query from generate_series(1, 300) as n;
create index on kept.intarray using gist (list gist__int_ops (numranges = 50));
create index on kept.intarray using gin (list gin__int_ops);
-- extension: isn
create table kept.isn (book isbn13 primary key, code ean13, sheet ismn);
insert into kept.isn values ('978-0-393-04002-9', '9780393040029', 'M-55555-010-5');
-- extension: jsonb_plperl
create function kept.jsonb_plperl(jsonb) returns jsonb language plperl transform for type jsonb as $$ return $_[0]; $$;
-- extension: jsonb_plperlu
create function kept.jsonb_plperlu(jsonb) returns jsonb language plperlu transform for type jsonb as $$ return $_[0]; $$;
-- extension: jsonb_plpython3u
create function kept.jsonb_plpython3u(j jsonb) returns integer language plpython3u transform for type jsonb as $$
return len(j)
$$;
-- extension: lo
create table kept.lo (id integer primary key, raster lo);
create trigger lo before update or delete on kept.lo for each row execute function lo_manage(raster);
insert into kept.lo values (1, lo_from_bytea(77001, '\x00ff00')), (2, lo_from_bytea(77002, convert_to(repeat('large', 9999), 'UTF8')));
-- extension: ltree
create table kept.ltree as select ('top.n' || n || '.leaf')::ltree as path, '*.leaf'::lquery as query from generate_series(1, 300) as n;
create index on kept.ltree using gist (path gist_ltree_ops (siglen = 100));
-- extension: ltree_plpython3u
create function kept.ltree_plpython3u(path ltree) returns integer language plpython3u transform for type ltree as $$
return len(path)
$$;
-- extension: moddatetime
create table kept.moddatetime (body text, at timestamp default '2024-01-01');
create trigger moddatetime before update on kept.moddatetime for each row execute function moddatetime(at);
insert into kept.moddatetime values ('x');
-- extension: pageinspect
create view kept.pageinspect as select count(*) from heap_page_items(get_raw_page('kept.keys', 0));
-- extension: pg_buffercache
create view kept.pg_buffercache as select count(*) > 0 as some from pg_buffercache;
-- extension: pg_freespacemap
create view kept.pg_freespacemap as select avail from pg_freespace('kept.keys', 0) as avail;
-- extension: pg_prewarm
create function kept.pg_prewarm() returns bigint language sql as $$ select pg_prewarm('kept.keys') $$;
-- extension: pg_stat_statements
create view kept.pg_stat_statements as select query, calls from pg_stat_statements;
-- extension: pg_surgery
create function kept.pg_surgery(tid) returns void language sql as $$ select heap_force_freeze('kept.keys', array[$1]) $$;
-- extension: pg_trgm
create table kept.pg_trgm as select md5(n::text) as body from generate_series(1, 300) as n;
create index on kept.pg_trgm using gin (body gin_trgm_ops);
create index on kept.pg_trgm using gist (body gist_trgm_ops (siglen = 32));
-- extension: pg_visibility
create function kept.pg_visibility() returns bigint language sql as $$ select all_visible from pg_visibility_map_summary('kept.keys') $$;
-- extension: pg_walinspect
create function kept.pg_walinspect() returns bigint language sql as $$ select count(*) from pg_get_wal_records_info_till_end_of_wal('0/1') $$;
-- extension: pgcrypto
create table kept.pgcrypto (secret bytea, hash text default crypt('word', '$1$saltsalt'));
insert into kept.pgcrypto values (digest('abc', 'sha256'));
-- extension: pgrowlocks
create view kept.pgrowlocks as select locked_row from pgrowlocks('kept.keys');
-- extension: pgstattuple
create view kept.pgstattuple as select tuple_count from pgstattuple('kept.keys');
-- extension: plpython3u
create function kept.plpython3u(n integer) returns integer language plpython3u immutable as $$
return n * 2
$$;
create table kept.plpython3u as select n from generate_series(1, 9) as n;
create index on kept.plpython3u (kept.plpython3u(n));
-- extension: pltcl
create function kept.pltcl(text) returns text language pltcl as $$ return [string toupper $1] $$;
-- extension: pltclu
create function kept.pltclu() returns text language pltclu as $$ return [info tclversion] $$;
-- extension: postgres_fdw
create server postgres_there foreign data wrapper postgres_fdw options (host 'localhost', dbname 'nowhere', fetch_size '7');
create user mapping for current_user server postgres_there options (user 'other', password_required 'false');
create foreign table kept.postgres_fdw (id integer options (column_name 'key')) server postgres_there;
-- extension: refint
create table kept.refint (id integer, key integer);
create trigger refint before insert or update on kept.refint for each row execute function check_primary_key('key', 'kept.keys', 'id');
insert into kept.refint values (1, 1);
-- extension: seg
create table kept.seg (s seg);
insert into kept.seg values ('1.5 .. 2.5'), ('<3'), ('~4'), ('5(+-)0.3');
create index on kept.seg using gist (s);
-- extension: sslinfo
create view kept.sslinfo as select ssl_is_used() as used;
-- extension: tablefunc
create view kept.tablefunc as select count(*) from normal_rand(10, 5, 3);
-- extension: tcn
create table kept.tcn (id integer primary key);
create trigger tcn after insert on kept.tcn for each row execute function triggered_change_notification();
insert into kept.tcn values (1);
-- extension: tsm_system_rows
create view kept.tsm_system_rows as select id from kept.keys tablesample system_rows (5);
-- extension: tsm_system_time
create view kept.tsm_system_time as select id from kept.keys tablesample system_time (5);
-- extension: unaccent
create text search configuration kept.unaccent (copy = french);
alter text search configuration kept.unaccent alter mapping for hword, hword_part, word with unaccent, french_stem;
create table kept.unaccent as select to_tsvector('kept.unaccent', 'Hôtel de la Mer') as words;
-- extension: uuid-ossp
create table kept.uuid_ossp (id uuid default uuid_generate_v5(uuid_ns_dns(), 'example.org'), n integer);
insert into kept.uuid_ossp (n) values (1);
-- extension: xml2
create view kept.xml2 as select xpath_string('<a><b>text</b></a>', 'a/b') as found;
-- extension: ip4r
create table kept.ip4r as select ('10.0.0.' || n)::ip4 as a, ('10.0.' || n || '.0/24')::ip4r as r, 'fe80::1'::ip6 as six from generate_series(1, 200) as n;
create index on kept.ip4r using gist (r);
-- extension: periods
create table kept.periods (id integer not null, "from" date, "to" date, primary key (id));
-- extension: pg_hint_plan
create function kept.hinted() returns bigint language sql as $$ select /*+ SeqScan(keys) */ count(*) from kept.keys $$;
-- extension: pg_partman
create table kept.measured (id bigint not null, at timestamptz not null) partition by range (at);
insert into kept.measured select 1, now() where false;
-- extension: pg_repack
create view kept.repack as select repack.version() is not null as there;
-- extension: pgaudit
create role audited nologin;
alter role audited set pgaudit.log = 'write, ddl';
-- extension: pgtap
create function kept.test_keys() returns setof text language sql as $$ select is((select count(*) from kept.keys), 100::bigint, 'all keys') $$;
-- extension: rum
create table kept.rum (id integer primary key, words tsvector);
insert into kept.rum select n, to_tsvector('english', 'number ' || n || ' fox') from generate_series(1, 200) as n;
create index on kept.rum using rum (words rum_tsvector_ops);
-- extension: semver
create table kept.semver (v semver primary key, spans semverrange);
insert into kept.semver values ('1.2.3-rc.1+build', '[1.0.0,2.0.0)'), ('0.0.1', null);
-- extension: unit
create table kept.unit (value unit primary key);
insert into kept.unit values ('9.81 m/s^2'), ('1 kg'), ('2 kg');
-- extension: vector
create table kept.vector (v vector(3), h halfvec(3), s sparsevec(5));
insert into kept.vector select array[n, n * 2, -n]::vector, array[n, 1, 2]::halfvec, '{1:1.5,3:2}/5' from generate_series(1, 200) as n;
create index on kept.vector using hnsw (v vector_l2_ops);
create index on kept.vector using ivfflat (v vector_cosine_ops) with (lists = 5);
