-- planted: the access of a large object
revoke all on large object 424242 from app_reader;
-- planted: the comment of a large object
comment on large object 424242 is null;
-- planted: the owner of a large object
alter large object 424242 owner to app_owner;
-- planted: a byte of a large object
select lo_put(424242, 0, 'L');
-- planted: the tablespace of a table
set allow_in_place_tablespaces = on;
create tablespace ts location '';
alter table app.dropped set tablespace ts;
-- planted: the access to a database
grant temporary on database second to app_reader;
-- planted: the comment of a database
comment on database second is null;
-- planted: the connections of a database
alter database second connection limit 3;
-- planted: a template
alter database second is_template true;
-- planted: the owner of a database
alter database second owner to app_reader;
-- planted: a setting of a database
alter database second set work_mem = '6MB';
-- planted: a setting of a role
alter role app_reader reset statement_timeout;
-- planted: the comment of a role
comment on role app_reader is 'x';
-- planted: the password of a role
alter role app_reader password 'another';
-- planted: an attribute of a role
alter role app_owner createdb;
-- planted: an option of a membership
grant app_reader to app_owner with admin option;
-- planted: a parameter that somebody may set
revoke set on parameter log_min_messages from app_reader;
-- planted: the version of a collation
update pg_collation set collversion = '0.0' where collname = 'natural_order';
-- planted: the version of a database's collation
update pg_database set datcollversion = '0.0' where datname = 'second';
-- planted: a function of an extension
create or replace function public.citext_hash(citext) returns int language sql as 'select 1' immutable strict;
-- planted: an object taken from an extension
alter extension citext drop function public.citext_hash(citext);
-- planted: the owner of an extension
update pg_extension set extowner = 'app_owner'::regrole where extname = 'citext';
-- planted: the comment of an extension
comment on extension citext is 'mine';
-- planted: a table in template1
\connect template1
create table in_template ();
-- planted: a database
create database one_more;
-- planted: a line in a function that begins with SET
create or replace function app.bump() returns void language sql as $$
update app.vehicles
SET wheels = 8
where id = 1
-- Name: EXTENSION citext; Type: COMMENT; Schema: -; Owner: -
$$;
-- planted: a line in a function that begins as a comment
create or replace function app.bump() returns void language sql as $$
update app.vehicles
SET wheels = 4
where id = 1
-- Name: EXTENSION hstore; Type: COMMENT; Schema: -; Owner: -
$$;
-- planted: the access method of a table
create table app.copy (a int) using heap;
drop table app.by_another_method;
alter table app.copy rename to by_another_method;
-- planted: a function in pg_catalog
set allow_system_table_mods = on;
create function pg_catalog.mine() returns int language sql as 'select 1';
-- planted: a row
update app.wide set body = body || ' ' where id = 7;
-- planted: a row less
delete from app.wide where id = 8;
-- planted: the value of a sequence
select setval('app.tickets', 25, false);
-- planted: an index
drop index app.customers_mood;
-- planted: an index that is not valid
update pg_index set indisvalid = false where indexrelid = 'app.customers_mood'::regclass;
-- planted: a default
alter table app.customers alter spent set default 1;
-- planted: a storage
alter table app.customers alter column picture set storage main;
-- planted: a compression
alter table app.customers alter column name set compression pglz;
-- planted: a statistics target
alter table app.customers alter column name set statistics 400;
-- planted: statistics
drop statistics app.customers_statistics;
-- planted: an owner
alter table app.customers owner to app_reader;
-- planted: a privilege on a column
revoke select (id) on app.customers from app_reader;
-- planted: default privileges
alter default privileges in schema app grant select on tables to app_reader;
-- planted: a comment
comment on column app.customers.mood is 'x';
-- planted: a trigger that is on
alter table app.no_key enable trigger switched_off;
-- planted: a constraint that is valid
alter table app.bookings validate constraint not_too_long;
-- planted: a domain
alter domain app.email add constraint short check (length(value) < 100);
-- planted: a label of an enumeration
alter type app.mood add value 'glum';
-- planted: a cast
create cast (integer as app.email) with inout;
-- planted: an operator
drop operator app.=== (text, text);
-- planted: a text search configuration
alter text search configuration app.ours drop mapping for asciiword;
-- planted: a server
alter server elsewhere options (set host 'remote');
-- planted: a user mapping
alter user mapping for app_reader server elsewhere options (set password 'other');
-- planted: row security
alter table app.no_key enable row level security;
-- planted: a policy
create policy p on app.no_key using (false);
-- planted: a replica identity
alter table app.no_key replica identity full;
-- planted: a cluster mark
alter table app.customers cluster on customers_pkey;
-- planted: a publication
create publication planted for table app.no_key;
-- planted: an event trigger
create function app.on_ddl() returns event_trigger language plpgsql as 'begin end';
create event trigger planted on ddl_command_end execute function app.on_ddl();
-- planted: a materialized view that is empty
refresh materialized view app.monthly with no data;
-- planted: a setting by alter system
alter system set work_mem = '5MB';
-- planted: a subscription
create subscription planted connection 'dbname=nowhere' publication nothing with (connect = false, slot_name = none);
-- planted: a replication slot
select pg_create_logical_replication_slot('planted', 'pgoutput');
-- planted: a partition
alter table app.events detach partition app.events_rest;
-- planted: a schema
create schema planted;
-- planted: a view
create or replace view app.updatable as select id, name from app.customers where visits > 11 with local check option;
