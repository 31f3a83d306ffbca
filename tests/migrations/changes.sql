-- What happens after the data are loaded: with the method logical, while it is being replicated.
set search_path = app, public;

insert into customers (name, mail) values ('Latecomer', 'late@example.org');
update customers set mood = 'sad', tags = tags || array['changed'] where id % 50 = 0;
delete from customers where id = 500;
insert into events values (5000, '2025-06-01 00:00+00', 'click', '{"late": true}');
update events set payload = payload || '{"changed": 1}' where id between 400 and 410;
delete from events where id = 1;
update wide set body = repeat('rewritten ', 1000) where id = 1;
insert into no_key values (2, 'no key, but inserts need none');
truncate ordered_names;
insert into ordered_names values ('c3');
select nextval('tickets');
refresh materialized view monthly;
