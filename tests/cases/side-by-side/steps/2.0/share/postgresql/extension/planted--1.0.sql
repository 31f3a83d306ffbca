\echo Use CREATE EXTENSION \quit
create function one() returns int language c as 'MODULE_PATHNAME', 'one';
create function two() returns int language c as '$libdir/planted', 'two';
select '$libdir/planted_too';
