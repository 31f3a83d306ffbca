// The frame: what is at the top and bottom, and which view is shown.

const VIEWS = {
  servers: serversView,
  extension: extensionView,
  postgresql: postgresqlView,
  compare: compareView,
  changes: changesView,
  'left-out': leftOutView,
};

const main = document.getElementById('main');

/** Light, dark, or as the system has it. */
function themeButton() {
  const order = ['auto', 'light', 'dark'];
  const button = h('button', { type: 'button', class: 'theme' });
  const set = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.setAttribute('aria-label', `Colours: ${theme}`);
    fill(button, { auto: '◐', light: '☀', dark: '☾' }[theme]);
  };
  button.addEventListener('click', () => {
    const next = order[(order.indexOf(document.documentElement.dataset.theme) + 1) % order.length];
    kept.set('theme', next);
    set(next);
    speak(`Colours: ${next}`);
  });
  set(order.find((theme) => theme === kept.get('theme')) ?? 'auto');
  return button;
}

const tabs = [
  ['extensions', 'Extensions'],
  ['servers', 'PostgreSQL'],
  postgresqls.length > 1 && ['compare', 'Compare'],
  past.revisions.length > 0 && ['changes', 'Changes'],
  ['left-out', 'Left out'],
].filter(Boolean).map(([view, label]) => ({ view, link: h('a', { href: address(view), class: 'tab' }, label) }));

fill(document.getElementById('top'),
  h('div', { class: 'inner' },
    h('a', { href: '#/', class: 'brand' }, h('span', { class: 'mark', 'aria-hidden': 'true' }, h('i'), h('i'), h('i'), h('i')), h('span', {}, catalogue.description)),
    h('nav', { class: 'tabs', 'aria-label': 'Views' }, tabs.map(({ link }) => link)),
    themeButton()));

fill(document.getElementById('foot'),
  h('p', {}, between(' · ', [plural(postgresqls.length, 'PostgreSQL'), plural(extensions.length, 'extension'), plural(builds, 'build'), systems.join(', ')])),
  h('p', {}, between(' · ', [...pinned(), 'made by pgflakegen'])));

let matrix;
let current;

/** Shows what the address says. */
function show() {
  const { view, name, params } = read();
  const first = current === undefined;
  const same = current === `${view}/${name}`;
  current = `${view}/${name}`;
  for (const tab of tabs) {
    if (tab.view === view) tab.link.setAttribute('aria-current', 'page');
    else tab.link.removeAttribute('aria-current');
  }
  const make = VIEWS[view];
  let title;
  if (make) {
    const focused = same && main.contains(document.activeElement) && document.activeElement.id;
    const made = make(name, params);
    fill(main, made.element);
    ({ title } = made);
    // A choice that made the view anew keeps the focus.
    if (focused) document.getElementById(focused)?.focus();
    if (!same) speak(title);
  } else {
    matrix ??= matrixView();
    if (!main.contains(matrix.element)) fill(main, matrix.element);
    speak(matrix.update(params));
    title = matrix.title;
  }
  document.title = `${title} · ${shown(catalogue.description)}`;
  if (!first && !same) {
    scrollTo(0, 0);
    main.querySelector('h1')?.focus({ preventScroll: true });
  }
}

addEventListener('hashchange', show);
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  (main.querySelector('h1') ?? main).focus();
});
addEventListener('keydown', (event) => {
  const typing = event.target.matches?.('input:not([type=checkbox]), select, textarea');
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (!matrix || !main.contains(matrix.element)) {
    location.hash = lastList;
    setTimeout(() => matrix.input.focus(), 50);
  } else {
    matrix.input.focus();
    matrix.input.select();
  }
});

show();
