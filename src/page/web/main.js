// The page of a pipeline: what it is told as it happens, and what a person picks of that.
import './language.js';
import { LINES, LineChart } from './chart.js';
import { Store } from './store.js';

const token = new URLSearchParams(location.search).get('token') ?? '';
const with_token = (path) => `${path}?token=${encodeURIComponent(token)}`;
const at = (id) => document.getElementById(id);
/** How many seconds of rates and lag are kept. */
const SECONDS = 3600;
/** How many rows a page of the table has. */
const ROWS = 20;
/** What a shard takes in a second, as the server says. */
let limits = { records: Infinity, bytes: Infinity };

const stores = new Map();
const picked = { stream: null, column: 0, page: 0 };
const rates = new LineChart(at('rates'), 'records per second');
const lag = new LineChart(at('lag'), 'seconds that the watermark is behind the clock');
const windows = new LineChart(at('windows'), 'windows of the query');
const past = { rates: { times: [], lines: new Map() }, lag: { times: [], lines: new Map() } };
let stands = null;
let dirty = new Set();

function element(name, text = '', className = '') {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** Replaces the head and the rows of a table; numbers stand to the right. */
function fill(table, head, rows, none) {
  const cell = (name) => (value) => {
    const number = typeof value === 'number';
    const long = typeof value === 'string' && value.length > 40;
    const text = number && !Number.isInteger(value) ? value.toLocaleString('en', { maximumFractionDigits: 4 }) : value;
    const made = element(name, value === null || value === undefined ? '' : String(text), number ? 'number' : long ? 'long' : '');
    if (name === 'th') made.scope = 'col';
    return made;
  };
  const line = (name) => (cells) => {
    const made = document.createElement('tr');
    made.append(...cells.map(cell(name)));
    return made;
  };
  table.tHead.replaceChildren(line('th')(head));
  head.forEach((_, index) => {
    if (rows.length && typeof rows[0][index] === 'number') table.tHead.rows[0].cells[index].className = 'number';
  });
  const empty = element('tr');
  const said = element('td', none, 'none');
  said.colSpan = head.length;
  empty.append(said);
  table.tBodies[0].replaceChildren(...(rows.length ? rows.map(line('td')) : [empty]));
}

const clock = (micros) => new Date(micros / 1000).toISOString().slice(11, 19);
const span = (millis) => {
  const seconds = Math.max(0, millis) / 1000;
  return seconds < 10 ? `${seconds.toFixed(1)} s` : seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
};

function hello(told) {
  document.title = `pipe: ${told.pipeline}`;
  limits = told.limits;
  at('name').textContent = told.pipeline;
  at('purpose').textContent = told.description ?? '';
  // Who comes back begins anew: the rows are told again.
  stores.clear();
  for (const output of told.outputs) stores.set(output.stream, new Store(output));
  const options = told.outputs.map((output) => new Option(`${output.query} (${output.summary})`, output.stream));
  at('query').replaceChildren(...options);
  const { stream, column } = picked;
  pick(stores.has(stream) ? stream : (told.outputs[0]?.stream ?? null));
  // Unless the file has other columns by now.
  if (picked.stream === stream && column < at('column').options.length) {
    picked.column = column;
    at('column').value = String(column);
  }
  at('query').value = picked.stream;
}

function pick(stream) {
  picked.stream = stream;
  picked.column = 0;
  picked.page = 0;
  const store = stores.get(stream);
  const { measures, columns } = store?.output ?? { measures: [], columns: [] };
  at('column').replaceChildren(...measures.map((index, place) => new Option(columns[index], String(place))));
  dirty.add('windows');
}

/** Adds a second to lines over time. */
function remember(of, time, values) {
  const kept = past[of];
  kept.times.push(time);
  for (const [name, value] of values) {
    if (!kept.lines.has(name)) kept.lines.set(name, new Array(kept.times.length - 1).fill(null));
    kept.lines.get(name).push(value);
  }
  for (const [, line] of kept.lines) if (line.length < kept.times.length) line.push(null);
  if (kept.times.length > SECONDS) {
    kept.times.shift();
    for (const [, line] of kept.lines) line.shift();
  }
}

function stand(told) {
  stands = told;
  const { status } = told;
  at('state').textContent = status
    ? `runs (process ${status.pid}, ${status.place ?? status.endpoint})`
    : 'does not run here; its rows are followed where there are some';
  const time = told.now / 1000;
  if (told.rates) {
    const into = Object.entries(told.rates.streams).map(([name, rate]) => [name, rate.records]);
    remember('rates', time, into.filter(([name]) => name !== 'error_stream').slice(0, LINES));
  }
  if (status) {
    const behind = status.queries.filter((query) => query.watermark !== null);
    remember('lag', time, behind.slice(0, LINES).map((query) => [query.name, (status.now - query.watermark / 1000) / 1000]));
  }
  dirty.add('stands');
}

function take(told) {
  const store = stores.get(told.stream);
  if (!store) return;
  store.add(told.rows, Date.now());
  if (told.stream === picked.stream) dirty.add('windows');
}

function draw_stands() {
  const { status, findings } = stands;
  const items = findings.map((finding) => {
    const item = element('li');
    item.append(element('span', finding.weight, `weight ${finding.weight}`), ` ${finding.about}: ${finding.what}`);
    if (finding.todo) item.append(element('span', ` → ${finding.todo}`, 'todo'));
    return item;
  });
  at('findings').replaceChildren(...(items.length ? items : [element('li', 'nothing', 'none')]));
  at('graph').innerHTML = stands.graph;
  if (past.rates.times.length) rates.draw([...past.rates.lines.keys()], [past.rates.times, ...past.rates.lines.values()]);
  if (past.lag.times.length) lag.draw([...past.lag.lines.keys()], [past.lag.times, ...past.lag.lines.values()]);
  const open = [];
  const lost = [];
  for (const query of status?.queries ?? []) {
    for (const window of query.closing) {
      const left = query.watermark === null ? '' : span((window.closes - query.watermark) / 1000);
      open.push([query.name, clock(window.start), clock(window.end), window.groups, left]);
    }
    for (const [what, samples] of [['late', query.late], ['bad', query.bad]]) {
      for (const sample of samples) lost.push([query.name, what, sample.reason, sample.shard, sample.data]);
    }
  }
  fill(at('open'), ['query', 'from', 'to', 'groups', 'closes in'], open, 'no window is open');
  fill(at('lost'), ['query', 'what', 'why', 'shard', 'record'], lost, 'none');
  draw_shards();
}

function draw_shards() {
  const streams = Object.entries(stands.rates?.streams ?? {}).filter(
    // What is bad has a stream in every pipeline; it counts where something comes into it.
    ([name, rate]) => rate.shards.length && (name !== 'error_stream' || rate.records > 0),
  );
  const parts = streams.flatMap(([name, rate]) => {
    const cells = rate.shards.map((shard) => {
      const part = Math.max(shard.records / limits.records, shard.bytes / limits.bytes);
      const refused = shard.refused > 0 ? `, refuses ${shard.refused.toFixed(0)}/s` : '';
      const number = Number(shard.shard.replace('shardId-', ''));
      const cell = element('div', `${number}: ${Math.round(part * 100)}%${refused}`, 'cell');
      const bar = element('i');
      bar.style.width = `${Math.min(100, part * 100)}%`;
      cell.append(bar);
      cell.title = `${shard.shard}: ${shard.records.toFixed(1)} records and ${(shard.bytes / 1024).toFixed(1)} KiB a second`;
      return cell;
    });
    const line = element('div', '', 'heat');
    line.append(...cells);
    return [element('p', `${name}: ${rate.records.toFixed(1)} records a second`), line];
  });
  at('shards').replaceChildren(...(parts.length ? parts : [element('p', 'not known', 'none')]));
}

function draw_windows() {
  const store = stores.get(picked.stream);
  if (!store) return;
  const { columns } = store.output;
  if (store.output.measures.length && store.count) {
    const since = store.times[store.count - 1] - Number(at('range').value);
    const { keys, of } = store.greatest(picked.column, at('keys').value.trim(), LINES, since);
    const shown = keys.sort((one, other) => (store.names[one] < store.names[other] ? -1 : 1));
    at('what').textContent = `${shown.length} of ${of} keys, ${store.total} rows`;
    const data = store.series(picked.column, shown, since);
    windows.draw(shown.map((key) => store.names[key]), data);
  } else {
    at('what').textContent = 'no row yet';
  }
  const last = Math.max(0, Math.ceil(store.shown.length / ROWS) - 1);
  picked.page = Math.min(picked.page, last);
  const end = store.shown.length - picked.page * ROWS;
  const rows = store.shown.slice(Math.max(0, end - ROWS), end).reverse();
  fill(at('table'), columns, rows, 'no row yet');
  at('page').textContent = `page ${picked.page + 1} of ${last + 1} of the last ${store.shown.length} rows`;
  at('newer').disabled = picked.page === 0;
  at('older').disabled = picked.page === last;
}

/** Draws once a frame what has changed, however much has come. */
function frame() {
  // First, so that a mistake in one picture does not end all that follow.
  requestAnimationFrame(frame);
  const due = dirty;
  dirty = new Set();
  if (due.has('stands') && stands) draw_stands();
  if (due.has('windows')) draw_windows();
}

async function texts() {
  const answer = await fetch(with_token('artifacts'));
  if (!answer.ok) return;
  const parts = (await answer.json()).map(({ path, text }) => {
    const part = element('details');
    const shown = element('pre', text);
    shown.tabIndex = 0;
    part.append(element('summary', path), shown);
    return part;
  });
  at('texts').replaceChildren(...(parts.length ? parts : [element('p', 'none for its targets', 'none')]));
}

async function run() {
  at('run').disabled = true;
  at('verdict').textContent = 'running …';
  try {
    const answer = await fetch(with_token('tests'), { method: 'POST' });
    const report = await answer.json();
    const tests = report.tests ?? [];
    const good = tests.filter((test) => test.outcome === 'passed').length;
    at('verdict').textContent = report.error ?? `${good} of ${tests.length} passed`;
    at('tests').replaceChildren(
      ...tests.map((test) => {
        const item = element('li');
        item.append(element('span', test.outcome, `weight ${test.outcome}`), ` ${test.test} (${test.file}:${test.line})`);
        for (const check of test.checks) {
          for (const failure of check.failures ?? []) item.append(element('pre', JSON.stringify(failure, null, 1)));
        }
        return item;
      }),
    );
  } catch (error) {
    at('verdict').textContent = `the tests could not be run: ${error.message}`;
  }
  at('run').disabled = false;
}

function listen() {
  const events = new EventSource(with_token('events'));
  const on = (name, act) => events.addEventListener(name, (event) => act(JSON.parse(event.data)));
  on('hello', hello);
  on('stands', stand);
  on('rows', take);
  events.onerror = () => {
    at('state').textContent = 'nobody serves this page now; it goes on by itself';
    // A browser gives up by itself where the answer was no good one.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 1000);
  };
}

at('query').addEventListener('change', (event) => pick(event.target.value));
at('column').addEventListener('change', (event) => {
  picked.column = Number(event.target.value);
  dirty.add('windows');
});
for (const id of ['keys', 'range']) at(id).addEventListener('input', () => dirty.add('windows'));
at('pick').addEventListener('submit', (event) => event.preventDefault());
at('newer').addEventListener('click', () => { picked.page--; dirty.add('windows'); });
at('older').addEventListener('click', () => { picked.page++; dirty.add('windows'); });
at('run').addEventListener('click', run);
// For measurements: the same way in as that of the events.
window.pipe = { take, hello, stand };
listen();
texts();
requestAnimationFrame(frame);
