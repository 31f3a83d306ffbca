-- Versions in a table, with an index and in order.
create table releases (version semver primary key, is_final boolean default true);
insert into releases values ('1.2.10'), ('1.2.9'), ('1.2.9-rc.1'), ('2.0.0+build.5');
create view newest as select version from releases order by version desc limit 2;
