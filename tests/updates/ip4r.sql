-- Addresses and ranges of both families, with an index.
create table addresses (id int primary key, one ip4, range ip4r, any_range iprange);
insert into addresses select n, ip4('10.0.0.0') + n, ip4r(ip4('10.0.0.0') + n, ip4('10.0.1.0') + n), 'fd00::/8' from generate_series(1, 200) as n;
create index on addresses using gist (range);
create view around as select id from addresses where range >>= ip4('10.0.0.9');
