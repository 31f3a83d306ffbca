// Where one is: all of it in the address, so that it can be sent, and gone back to.

/** `#/extension/pgvector?pg=17`: a view, what it is about, and how it is looked at. */
function read(hash = location.hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [view = '', name = ''] = path.split('/', 2).map((part) => {
    try { return decodeURIComponent(part); } catch { return ''; }
  });
  return { view: view || 'extensions', name, params: new URLSearchParams(query) };
}

/** The address of a view. What is empty is left out. */
function address(view, name, params = {}) {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value)).toString().replaceAll('%2C', ',');
  const path = [view === 'extensions' && !name ? '' : view, name].filter(Boolean).map(encodeURIComponent).join('/');
  return `#/${path}${query ? `?${query}` : ''}`;
}

/** A link within the page. */
const to = (view, name, params, attributes, ...children) =>
  h('a', { href: address(view, name, params), ...attributes }, ...children);

/** The address as it is, with some of its parameters changed. */
function changed(params) {
  const { view, name, params: old } = read();
  return address(view, name, { ...Object.fromEntries(old), ...params });
}

/** Goes there: a step that can be gone back, or (while one types) none. */
function go(hash, { replace = false } = {}) {
  if (hash === location.hash || (hash === '#/' && !location.hash)) return;
  if (replace) {
    history.replaceState(null, '', hash);
    show();
  } else {
    location.hash = hash;
  }
}

/** A choice that goes into the address, with what it resets. */
function chooser(label, key, options, now, resets = {}) {
  const select = h('select', { id: `choose-${key}`, 'aria-label': label },
    options.map(([value, text]) => h('option', { value, selected: value === now }, text)));
  select.addEventListener('change', () => go(changed({ ...resets, [key]: select.value })));
  return h('label', { class: 'field' }, label, select);
}

const list = (params, key) => (params.get(key) ?? '').split(',').filter(Boolean);

/** The list of extensions as one last saw it. */
let lastList = '#/';

/** Remembered beyond the page, where the browser lets it. */
const kept = {
  get(key) { try { return localStorage.getItem(`pgflakegen-${key}`); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(`pgflakegen-${key}`, value); } catch { /* then not */ } },
};
