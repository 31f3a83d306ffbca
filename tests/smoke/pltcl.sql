-- extensions: pltcl, pltclu
begin;
select plan(2);

create function longer(text, text) returns text language pltcl as $$
  if {[string length $1] > [string length $2]} { return $1 }
  return $2
$$;
select is(longer('ab', 'abc'), 'abc', 'a function in Tcl');

create function version() returns text language pltclu as $$ return [info tclversion] $$;
select matches(public.version(), '^[89]', 'Tcl itself answers');

select * from finish();
rollback;
