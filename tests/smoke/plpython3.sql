-- extensions: plpython3u, jsonb_plpython3u
begin;
select plan(3);

create function joined(words text[]) returns text language plpython3u as $$
  return "-".join(words)
$$;
select is(joined(array['a', 'b']), 'a-b', 'a function in Python');

create function keys(value jsonb) returns integer transform for type jsonb language plpython3u as $$
  return len(value)
$$;
select is(keys('{"a": 1, "b": 2}'), 2, 'jsonb is a dictionary');

-- Python finds its own standard library.
create function digest(value text) returns text language plpython3u as $$
  import hashlib
  return hashlib.sha256(value.encode()).hexdigest()
$$;
select is(digest('abc'), encode(sha256('abc'), 'hex'), 'modules are found');

select * from finish();
rollback;
