// Elements. What is shown becomes a text node, never markup.

/** Characters that turn, hide or break text stand as a replacement. */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const shown = (text) => String(text).replace(UNSEEN, '\ufffd');

/** An element: its name, attributes (`on`: listeners), and children: elements or text, in lists or not. */
function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key === 'on') {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else {
      element.setAttribute(key, value === true ? '' : shown(value));
    }
  }
  return fill(element, ...children);
}

/** Gives an element other children. */
function fill(element, ...children) {
  const there = children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false);
  element.replaceChildren(...there.map((child) => (child instanceof Node ? child : shown(child))));
  return element;
}

/** A link to elsewhere, if it is one that a browser may follow; else the text alone. */
function outside(address, ...children) {
  const inner = children.length > 0 ? children : [address];
  if (!/^https?:\/\//i.test(address ?? '')) return h('span', {}, inner);
  return h('a', { href: address, rel: 'noopener noreferrer', class: 'outside' }, inner);
}

/** A small label. */
const badge = (text, kind = '', title) => h('span', { class: `badge ${kind}`, title }, text);

/** Things with a separator between them. */
const between = (separator, things) => things.flatMap((thing, index) => (index ? [separator, thing] : [thing]));

/** Terms and what they stand for; those without are left out. */
function terms(pairs) {
  const there = pairs.filter(([, value]) => value !== undefined && value !== null && value.length !== 0);
  return h('dl', { class: 'terms' }, there.map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))));
}

/** Lines to copy. */
function code(text, label) {
  const lines = h('pre', { tabindex: '0', role: 'group', 'aria-label': label }, h('code', {}, text));
  const copy = h('button', { type: 'button', class: 'copy', 'aria-label': `Copy: ${label}` }, 'Copy');
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = 'Copied';
      speak('Copied');
    } catch {
      getSelection().selectAllChildren(lines);
      speak('The text is selected');
    }
    setTimeout(() => { copy.textContent = 'Copy'; }, 1500);
  });
  return h('div', { class: 'code' }, lines, copy);
}

/** Says something to those who don't see it. */
const speak = (text) => fill(document.getElementById('spoken'), text);

/** `12,345`. What the browser has for it takes longer than a search. */
const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ',');
const plural = (count, noun, nouns = `${noun}s`) => `${grouped(count)} ${count === 1 ? noun : nouns}`;

/** A size in bytes, for people. */
function bytes(count) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const power = count > 0 ? Math.min(Math.floor(Math.log10(count) / 3), units.length - 1) : 0;
  const value = count / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}
