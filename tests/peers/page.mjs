// A real browser that looks at a page: node page.mjs NODE_MODULES, then commands on stdin, one JSON array a line; an answer
// to each on stdout, one JSON value a line.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(resolve(process.argv[2]), 'x'));
const load = async (name) => (await import(pathToFileURL(require.resolve(name)))).default;
const chromium = await load('@sparticuz/chromium');
const puppeteer = await load('puppeteer-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const browser = await puppeteer.launch({
  args: [...chromium.args, '--enable-precise-memory-info', '--js-flags=--expose-gc'],
  executablePath: await chromium.executablePath(),
  headless: 'shell',
});
const page = await browser.newPage();
const failures = [];
const requests = [];
page.on('pageerror', (error) => failures.push(error.message));
page.on('console', (message) => message.type() === 'error' && failures.push(message.text()));
page.on('request', (request) => requests.push(request.url()));

const commands = {
  async open(url, width, height) {
    await page.setViewport({ width, height });
    const answer = await page.goto(url, { waitUntil: 'domcontentloaded' });
    return answer.status();
  },
  async size(width, height) {
    await page.setViewport({ width, height });
    await new Promise((done) => setTimeout(done, 500));
    return page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  },
  async dark(scheme) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await new Promise((done) => setTimeout(done, 500));
    return true;
  },
  text: (selector) => page.$eval(selector, (found) => found.innerText),
  wait: async (script) => {
    await page.waitForFunction(script, { timeout: 120_000, polling: 20 });
    return Date.now();
  },
  press: async (key) => {
    await page.keyboard.press(key);
    return page.evaluate(() => document.activeElement.id || document.activeElement.className || document.activeElement.tagName);
  },
  click: async (selector) => {
    await page.click(selector);
    return true;
  },
  evaluate: (script) => page.evaluate(script),
  failures: () => failures.splice(0),
  requests: () => requests.splice(0),
  async contrast() {
    // The page lets no script in that is not its own, so that it is run from outside.
    await page.evaluate(axe);
    const report = await page.evaluate(() =>
      axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }),
    );
    return report.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 100)).join(' | ')}`);
  },
  // Milliseconds between frames while rows come, and the bytes that the page's script has.
  async load(keys, windows, stream) {
    return page.evaluate(
      async (keys, windows, stream) => {
        const frames = [];
        let last = performance.now();
        let going = true;
        const frame = (now) => {
          frames.push(now - last);
          last = now;
          if (going) requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
        const begin = Date.UTC(2026, 0, 1);
        const moment = (minute) => new Date(begin + minute * 60_000).toISOString().slice(0, -1);
        for (let minute = 0; minute < windows; minute++) {
          for (let first = 0; first < keys; first += 2000) {
            const rows = Array.from({ length: Math.min(2000, keys - first) }, (_, index) => [
              `key${first + index}`, moment(minute), moment(minute + 1), first + index + minute, (first + index) / 7,
            ]);
            window.pipe.take({ stream, rows });
            await new Promise((done) => setTimeout(done, 0));
          }
          await new Promise((done) => requestAnimationFrame(done));
        }
        const loaded = frames.splice(0);
        // Then as it goes on: a window's rows a second, as they come.
        for (let minute = windows; minute < windows + 5; minute++) {
          for (let first = 0; first < keys; first += 2000) {
            const rows = Array.from({ length: Math.min(2000, keys - first) }, (_, index) => [
              `key${first + index}`, moment(minute), moment(minute + 1), first + index + minute, (first + index) / 7,
            ]);
            window.pipe.take({ stream, rows });
            await new Promise((done) => setTimeout(done, 20));
          }
          await new Promise((done) => setTimeout(done, 900));
        }
        going = false;
        gc();
        const sorted = (list) => list.slice().sort((one, other) => one - other);
        const median = (list) => sorted(list)[list.length >> 1];
        const part = (list, of) => sorted(list)[Math.floor(list.length * of)];
        return {
          loading: { frames: loaded.length, median: median(loaded), worst: Math.max(...loaded) },
          going: { frames: frames.length, median: median(frames), most: part(frames, 0.95), worst: Math.max(...frames) },
          bytes: performance.memory.usedJSHeapSize,
        };
      },
      keys, windows, stream,
    );
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...given] = JSON.parse(line);
  let answer;
  try {
    answer = { ok: (await commands[name](...given)) ?? null };
  } catch (error) {
    answer = { error: `${name}: ${error.message}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
