create function one() returns int language c as 'MODULE_PATHNAME', 'one';
