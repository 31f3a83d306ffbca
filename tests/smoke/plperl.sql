-- extensions: plperl, bool_plperl
begin;
select plan(3);

create function reversed(text) returns text language plperl as $$ return scalar reverse $_[0]; $$;
select is(reversed('abc'), 'cba', 'a function in Perl');

create function negated(boolean) returns boolean language plperl transform for type boolean as $$ return !$_[0]; $$;
select is(negated(true), false, 'booleans are Perl''s');

select throws_like(
  $outer$ do language plperl $$ open(my $file, '<', '/etc/passwd'); $$ $outer$,
  '%open%', 'a trusted function opens no files'
);

select * from finish();
rollback;
