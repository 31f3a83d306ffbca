-- Names of databases that mean something to shells, connection strings, patterns, terminals.
create database "my-app";
create database "Sales 2024's";
create database "a=b";
create database "$(touch /tmp/pgflakegen-names-were-run) `id`";
create database "two
lines";
create database "dots.and ""quotes"" \ % ;";
\connect "my-app"
create table "T 1" (a int primary key); insert into "T 1" values (1),(2);
create schema "s.t"; create table "s.t"."x.y	z" (a int primary key); insert into "s.t"."x.y	z" values (3);
create sequence "S q"; select nextval('"S q"');
\set odd 'two\nlines'
\connect :"odd"
create table t (id int primary key); insert into t values (7);
\set odd 'dots.and "quotes" \\ % ;'
\connect :"odd"
create table t (id int primary key); insert into t values (8);
\connect postgres
