// Served, not filed: what is new comes by itself; the address says where one was.

new EventSource('/changes').addEventListener('message', ({ data: what }) => {
  if (what === 'new') {
    location.reload();
  } else {
    document.getElementById('main').prepend(
      h('p', { class: 'notice', role: 'alert' }, 'The catalogue has errors, which the terminal shows; this is the page from before.'),
    );
  }
});
