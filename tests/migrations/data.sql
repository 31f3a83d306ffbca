-- What migration-test loads before an upgrade: a little of everything that an upgrade could break.
-- Loaded into the database postgres, after the extensions that both servers have.

create role app_owner nologin;
create role app_reader login password 'scram is kept as it is' valid until '2099-01-01';
grant app_reader to app_owner;
alter role app_reader set statement_timeout = '30s';

create schema app authorization app_owner;
comment on schema app is 'Everything but the extensions'' types';
grant usage on schema app to app_reader;
set search_path = app, public;

-- Types.
create type mood as enum ('sad', 'ok', 'happy');
alter type mood add value 'ecstatic' after 'happy';
create type address as (street text, city text, zip text);
create domain email as text check (value ~ '^[^@]+@[^@]+$');
create domain positive as integer check (value > 0) default 1;
create type mark;
create function mark_in(cstring) returns mark language internal immutable strict as 'int4in';
create function mark_out(mark) returns cstring language internal immutable strict as 'int4out';
create type mark (input = mark_in, output = mark_out, like = integer, category = 'M', delimiter = ';');
create type temperature as range (subtype = double precision, subtype_diff = float8mi);
create collation natural_order (provider = icu, locale = 'und-u-kn', deterministic = false);

-- Tables of ordinary things, with all kinds of columns.
create table customers (
  id bigint generated always as identity primary key,
  name text not null,
  mail email unique,
  mood mood not null default 'ok',
  home address,
  visits positive,
  tags text[] not null default '{}',
  born date,
  seen timestamptz,
  spent numeric(12, 2) not null default 0,
  rate double precision,
  profile jsonb not null default '{}',
  raw json,
  picture bytea,
  identity uuid,
  origin inet,
  network cidr,
  hardware macaddr8,
  span interval,
  flags bit varying(16),
  place point,
  comfort temperature,
  feed xml,
  lower_name text generated always as (lower(name)) stored
);
comment on table customers is 'People, with "quotes" and ''apostrophes''';
comment on column customers.mood is E'One line\nand another';
alter table customers owner to app_owner;
grant select (id, name) on customers to app_reader;

insert into customers
  (name, mail, mood, home, visits, tags, born, seen, spent, rate, profile, raw, picture, identity, origin,
   network, hardware, span, flags, place, comfort, feed)
select
  'Customer ' || n || case when n % 7 = 0 then ' äöü €  名前 🐘' else '' end,
  'customer' || n || '@example.org',
  (array['sad', 'ok', 'happy', 'ecstatic'])[n % 4 + 1]::mood,
  row ('Street ' || n, case when n % 3 = 0 then null else 'City, "quoted"' end, lpad(n::text, 5, '0'))::address,
  n, array['a' || n, null, 'with,comma', 'with"quote', ''],
  date '1900-01-01' + n * 37, timestamptz '2020-02-29 12:34:56.789+02' + n * interval '1 hour 1 microsecond',
  n * 1.01, case n % 5 when 0 then 'NaN' when 1 then '-Infinity' else n / 3.0 end::float8,
  jsonb_build_object('n', n, 'list', jsonb_build_array(n, null, true), 'deep', jsonb_build_object('x', n / 7.0)),
  format('{"n" : %s,  "n": "twice"}', n)::json, decode(md5(n::text), 'hex'), md5(n::text)::uuid,
  '10.0.0.0'::inet + n, set_masklen('10.1.0.0'::cidr, 16), '08:00:2b:01:02:03:04:05', n * interval '1 day 2 hours',
  n::bit(12)::varbit, point(n, -n), temperature(n, n + 10, '[)'), xmlparse(content '<n>' || n || '</n>')
from generate_series(1, 500) as n;

create index customers_tags on customers using gin (tags);
create index customers_profile on customers using gin (profile jsonb_path_ops);
create index customers_search on customers using gin (to_tsvector('english', name));
create index customers_place on customers using gist (place);
create index customers_mood on customers (mood) include (name) where mood <> 'sad';
create index customers_expression on customers ((upper(lower_name)) collate "C");
create statistics customers_statistics (dependencies, ndistinct) on mood, visits from customers;
alter table customers alter column name set statistics 500, alter column picture set storage external;

-- Partitions: by range, by list below it, by hash, and a default.
create table events (
  id bigint not null,
  at timestamptz not null,
  kind text not null,
  payload jsonb,
  primary key (id, at, kind)
) partition by range (at);
create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01') partition by list (kind);
create table events_2024_click partition of events_2024 for values in ('click');
create table events_2024_other partition of events_2024 default;
create table events_2025 partition of events for values from ('2025-01-01') to ('2026-01-01') partition by hash (id);
create table events_2025_0 partition of events_2025 for values with (modulus 2, remainder 0);
create table events_2025_1 partition of events_2025 for values with (modulus 2, remainder 1);
create table events_rest partition of events default;
create index events_payload on events using gin (payload);
insert into events
select n, timestamptz '2023-12-01 00:00+00' + n * interval '1 day', (array['click', 'view', 'buy'])[n % 3 + 1],
  jsonb_build_object('n', n)
from generate_series(1, 900) as n;

create table vehicles (id integer primary key, wheels integer);
create table trucks (load numeric) inherits (vehicles);
insert into vehicles values (1, 4), (2, 2);
insert into trucks values (3, 6, 7.5);

-- Keys, exclusion, deferred constraints.
create extension if not exists btree_gist with schema public;
create table bookings (
  id serial primary key,
  room integer not null,
  during tstzrange not null,
  customer bigint references customers on delete cascade deferrable initially deferred,
  exclude using gist (room with =, during with &&)
);
alter table bookings add constraint not_too_long check (upper(during) - lower(during) < interval '100 days') not valid;
insert into bookings (room, during, customer)
select n % 10, tstzrange(timestamptz '2025-01-01 00:00+00' + n * interval '1 day', timestamptz '2025-01-01 12:00+00' + n * interval '1 day'), n
from generate_series(1, 200) as n;

create table ordered_names (name text collate natural_order primary key);
insert into ordered_names values ('a10'), ('a9'), ('B1');

create table no_key (a integer, b text);
insert into no_key values (1, 'x'), (1, 'x'), (null, null);

create unlogged table cache (key text primary key, value text);
insert into cache values ('k', 'unlogged, yet not lost in a clean shutdown');

create table wide (id integer primary key, body text);
insert into wide select n, repeat(md5(n::text), 3000) from generate_series(1, 20) as n;

create table dropped (a integer, gone text, b integer);
insert into dropped values (1, 'gone', 2);
alter table dropped drop column gone;
alter table dropped add column c text default 'added later';

-- Sequences.
create sequence tickets as integer increment by 10 minvalue 5 start with 15 cycle cache 1;
select nextval('tickets'), nextval('tickets');
create sequence untouched;
create sequence set_back;
select setval('set_back', 77, false);

-- Functions, triggers, rules, views.
create function double(n integer, out twice integer) language sql immutable parallel safe as 'select n * 2';
create function numbers(variadic wanted integer[]) returns setof integer language plpgsql as
$body$
begin
  return query select unnest(wanted); -- "quotes", $dollars$, \backslashes
end
$body$;
create procedure touch_customer(wanted bigint) language sql
begin atomic
  update customers set seen = now() where id = wanted;
end;
create aggregate product(double precision) (sfunc = float8mul, stype = double precision, initcond = '1');
create operator === (leftarg = text, rightarg = text, function = texteq, commutator = ===);
create cast (integer as mood) with inout;

create table audit (at timestamptz default now(), what text, old_row jsonb, new_row jsonb);
create function log_change() returns trigger language plpgsql security definer set search_path = app as
$body$
begin
  insert into audit (at, what, old_row, new_row) values ('2025-05-05 05:05+00', tg_op, to_jsonb(old), to_jsonb(new));
  return coalesce(new, old);
end
$body$;
create trigger bookings_changes after insert or update or delete on bookings
  for each row when (pg_trigger_depth() = 0) execute function log_change();
create function nothing_more() returns trigger language plpgsql as 'begin return null; end';
create constraint trigger bookings_late after update on bookings deferrable initially deferred
  for each row execute function nothing_more();
insert into bookings (room, during, customer) values (99, '[2025-03-01 00:00+00, 2025-03-02 00:00+00)', 1);
create trigger switched_off before insert on no_key for each row execute function log_change();
alter table no_key disable trigger switched_off;

create view happy_customers with (security_barrier) as
  select c.id, c.name, count(b.id) as bookings
  from customers as c left join bookings as b on b.customer = c.id
  where c.mood in ('happy', 'ecstatic')
  group by c.id;
create view updatable as select id, name from customers where visits > 10 with local check option;
create rule ignore_deletes as on delete to updatable do instead nothing;
create materialized view monthly as
  select date_trunc('month', at at time zone 'UTC') as month, kind, count(*) as events from events group by 1, 2;
create unique index monthly_key on monthly (month, kind);
create materialized view not_filled as select 1 as one with no data;

-- Privileges and row security.
alter table events enable row level security;
alter table bookings enable row level security, force row level security;
create policy clicks_only on events for select to app_reader using (kind = 'click');
create policy own_room on bookings as restrictive for all to public using (room < 100) with check (room > 0);
grant select, insert on events to app_reader with grant option;
grant execute on function double(integer) to app_reader;
revoke execute on function numbers(integer[]) from public;
alter default privileges for role app_owner in schema app grant select on tables to app_reader;

-- Text search.
create text search dictionary plain_words (template = simple, stopwords = english, accept = false);
create text search configuration ours (copy = english);
alter text search configuration ours alter mapping for asciiword with plain_words, english_stem;
create table documents (id integer primary key, body text, words tsvector generated always as (to_tsvector('app.ours', body)) stored);
insert into documents values (1, 'The quick brown foxes jumped'), (2, 'over the lazy dogs');
create index documents_words on documents using gist (words);

-- Foreign data, without a foreign server to be reached.
create extension if not exists postgres_fdw with schema public;
create server elsewhere foreign data wrapper postgres_fdw options (host 'localhost', dbname 'nowhere');
create user mapping for app_reader server elsewhere options (user 'remote', password 'secret');
create foreign table far_away (id integer, name text options (column_name 'label')) server elsewhere;

-- Large objects.
select lo_from_bytea(424242, convert_to(repeat('large ', 5000), 'UTF8'));
select lo_from_bytea(424243, '\x00ff');
alter large object 424243 owner to app_owner;
grant select on large object 424242 to app_reader;
comment on large object 424242 is 'A large object';

-- A column of each type that an extension which is there brings. Types that an upgrade carries over as
-- text or bytes show by it when their form changes.
create table extension_types (extension text, type text, value text);
insert into extension_types values
  ('citext', 'citext', 'MixedCase'),
  ('cube', 'cube', '(1, 2, 3)'),
  ('hll', 'hll', '\x118b7f'),
  ('hstore', 'hstore', 'a=>1, b=>NULL'),
  ('intarray', 'query_int', '1&(2|3)'),
  ('ip4r', 'ip4', '192.168.1.1'),
  ('ip4r', 'ip4r', '192.168.1.0-192.168.1.77'),
  ('ip4r', 'ip6', 'fe80::1'),
  ('ip4r', 'iprange', '10.0.0.0/8'),
  ('isn', 'isbn13', '978-0-393-04002-9'),
  ('ltree', 'lquery', '*.b.*'),
  ('ltree', 'ltree', 'a.b.c'),
  ('pg_rational', 'rational', '1/3'),
  ('pgsodium', 'pgsodium.key_status', 'valid'),
  ('postgis', 'geometry', 'POINT(1 2)'),
  ('roaringbitmap', 'roaringbitmap', '{1,2,100000}'),
  ('rum', 'rum_distance_query', NULL),
  ('seg', 'seg', '1.5 .. 2.5'),
  ('semver', 'semver', '1.2.3-rc.1+build'),
  ('unit', 'unit', '9.81 m/s^2'),
  ('vector', 'halfvec', '[1.5,-2,0]'),
  ('vector', 'sparsevec', '{1:1.5,3:2}/5'),
  ('vector', 'vector', '[1,2.5,-3]');
-- The contrib ones are there with every PostgreSQL.
select format('create extension if not exists %I with schema public', name) from pg_available_extensions
where name in ('citext', 'cube', 'hstore', 'intarray', 'isn', 'ltree', 'seg')
\gexec
select format('create table %I (id integer primary key, value %s, list %2$s[])', 'type_' || replace(type, '.', '_'), type)
from extension_types join pg_extension on extname = extension
where to_regtype(type) is not null
\gexec
select format('insert into %I values (1, %L, array[%2$L, null]::%s[]), (2, null, null)', 'type_' || replace(type, '.', '_'), value, type)
from extension_types join pg_extension on extname = extension
where to_regtype(type) is not null
\gexec

-- Indexes of extensions.
select 'create index type_vector_nearest on app.type_vector using hnsw ((value::vector(3)) vector_l2_ops)'
from pg_am where amname = 'hnsw' and to_regclass('app.type_vector') is not null
\gexec
select 'create index documents_rum on app.documents using rum (words rum_tsvector_ops)' from pg_am where amname = 'rum'
\gexec

-- What looks like a line of pg_dump's own, in the body of a function.
create function bump() returns void language sql as $$
update app.vehicles
SET wheels = 4
where id = 1
-- Name: EXTENSION citext; Type: COMMENT; Schema: -; Owner: -
$$;
create access method heap2 type table handler heap_tableam_handler;
create table by_another_method (a int) using heap2;

-- What definitions of a database do not have.
comment on role app_reader is 'Only reads';
select current_setting('server_version_num')::int >= 150000 as since_15 \gset
\if :since_15
grant set on parameter log_min_messages to app_reader;
\endif

-- A second database, with settings of its own.
create database second owner app_owner;
alter database second set work_mem = '5MB';
alter database second connection limit 7;
revoke connect on database second from public;
grant connect on database second to app_reader;
comment on database second is 'The other one';
\connect second
create table only_here (id integer primary key, note text);
insert into only_here select n, 'note ' || n from generate_series(1, 50) as n;
select lo_from_bytea(777, '\x0102');
