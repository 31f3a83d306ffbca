-- What stops pg_upgrade, each below `-- obstacle: WORDS`, which `migration-test --check` must say; then WORDS of PostgreSQL's
-- own pg_upgrade after `=>`. Run in the database postgres of a new cluster by `cargo xtask upgrade --own-data`.

-- obstacle: the column public.t.f has values of the type regproc => reg
create table t (f regproc);
-- obstacle: the column public.t.f has values of the type regnamespace => reg
create domain place as regnamespace;
create type row_of as (x place[]);
create table t (f row_of);
-- obstacle: the column public.t.a has values of the type aclitem => aclitem
create table t (a aclitem[]);
-- obstacle: the column public.t.c has values of the type pg_class => system-defined composite
create table t (c pg_class);
-- obstacle: is prepared => prepared transactions
begin;
create table t ();
prepare transaction 'one''s "own"';
-- obstacle: the database closed takes no connections => allow connections
create database closed allow_connections false;
-- obstacle: the database template0 takes connections => template0
alter database template0 allow_connections true;
-- obstacle: the database half is half dropped => datconnlimit
create database half;
update pg_database set datconnlimit = -2 where datname = 'half';
-- obstacle: the column public.child.a may be null => not null
create table parent (a integer not null);
create table child () inherits (parent);
alter table child alter column a drop not null;
-- obstacle: does not have the extension adminpack => adminpack
create extension adminpack;
