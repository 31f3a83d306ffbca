// How long it takes: printed beside what is wanted, and no reason to fail, as machines differ and are busy. Of a search
// also how much of that the browser's own thread was at work, which other programs make no longer.

const GOALS = { paint: 1000, search: 50 };
const TYPED = ['v', 've', 'vec', 'vector', 'vectr', 'sparse bitmp index', 'nothingatall', ''];

export async function measure({ open }) {
  for (const name of ['plain', 'large']) {
    const { page, close } = await open(name);
    const debug = await page.context().newCDPSession(page);
    await debug.send('Performance.enable', { timeDomain: 'threadTicks' });
    const worked = async () => {
      const { metrics } = await debug.send('Performance.getMetrics');
      return metrics.find((metric) => metric.name === 'TaskDuration').value * 1000;
    };
    const { count, paint } = await page.evaluate(() => ({
      count: JSON.parse(document.getElementById('data').textContent).catalogue.extensions.length,
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    }));
    const searches = [];
    for (const text of TYPED) {
      const before = await worked();
      const time = await page.evaluate(async (typed) => {
        const input = document.getElementById('search');
        input.value = typed;
        const start = performance.now();
        input.dispatchEvent(new Event('input'));
        // With the layout that follows, without waiting for the screen.
        document.body.getBoundingClientRect();
        return performance.now() - start;
      }, text);
      searches.push({ text, time, work: (await worked()) - before });
    }
    const most = (key) => searches.reduce((worst, one) => (one[key] > worst[key] ? one : worst));
    const [slowest, hardest] = [most('time'), most('work')];
    console.log(`time  ${count} extensions: first paint ${Math.round(paint)} ms (wanted: ${GOALS.paint}); slowest search ${Math.round(slowest.time)} ms, ${JSON.stringify(slowest.text)} (wanted: ${GOALS.search}); at work for ${Math.round(hardest.work)} ms at most`);
    await close();
  }
}
