-- Two partitioned tables, by time and by number.
create table by_day (at timestamptz not null, what text) partition by range (at);
create table by_number (id bigint not null, what text) partition by range (id);
select create_parent('public.by_day', 'at', '1 day', p_start_partition := '2024-01-01');
select create_parent('public.by_number', 'id', '1000');
insert into by_day select '2024-01-01'::timestamptz + n * interval '1 hour', 'n ' || n from generate_series(0, 50) as n;
insert into by_number select n, 'n ' || n from generate_series(0, 3000, 7) as n;
