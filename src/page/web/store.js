// The rows of one stream, as columns of numbers: a row takes a few bytes per column, whatever it holds.

/** How many rows are kept: an hour of one-minute windows of ten thousand keys, and more. */
export const MOST_ROWS = 1_000_000;
/** How many of the last rows are kept as they came, for the table. */
export const MOST_SHOWN = 2_000;
const FIRST_ROWS = 1 << 12;

export class Store {
  constructor(output) {
    this.output = output;
    this.count = 0;
    this.room = 0;
    this.times = new Float64Array(0);
    this.keys = new Int32Array(0);
    this.values = output.measures.map(() => new Float64Array(0));
    this.names = [];
    this.numbers = new Map();
    this.shown = [];
    this.total = 0;
  }

  add(rows, now) {
    const { keys, measures, time } = this.output;
    for (const row of rows) {
      if (this.count === MOST_ROWS) this.forget();
      if (this.count === this.room) this.grow();
      const name = keys.map((index) => String(row[index] ?? 'NULL')).join(' ');
      let key = this.numbers.get(name);
      if (key === undefined) {
        key = this.names.length;
        this.names.push(name);
        this.numbers.set(name, key);
      }
      const at = this.count++;
      this.times[at] = time === null ? now / 1000 : Date.parse(row[time] + 'Z') / 1000;
      this.keys[at] = key;
      measures.forEach((index, place) => {
        this.values[place][at] = row[index] === null ? NaN : Number(row[index]);
      });
    }
    this.total += rows.length;
    this.shown.push(...rows);
    if (this.shown.length > MOST_SHOWN) this.shown.splice(0, this.shown.length - MOST_SHOWN);
  }

  /** Takes rows for room: twice as much as before. */
  grow() {
    this.room = Math.min(MOST_ROWS, Math.max(FIRST_ROWS, this.room * 2));
    const larger = (old, Kind) => {
      const made = new Kind(this.room);
      made.set(old);
      return made;
    };
    this.times = larger(this.times, Float64Array);
    this.keys = larger(this.keys, Int32Array);
    this.values = this.values.map((column) => larger(column, Float64Array));
  }

  /** Lets go of the older half. */
  forget() {
    const half = this.count >> 1;
    for (const column of [this.times, this.keys, ...this.values]) column.copyWithin(0, half, this.count);
    this.count -= half;
    // Keys that are in none of the others are no more.
    const names = this.names;
    [this.names, this.numbers] = [[], new Map()];
    for (let at = 0; at < this.count; at++) {
      const name = names[this.keys[at]];
      if (!this.numbers.has(name)) {
        this.numbers.set(name, this.names.length);
        this.names.push(name);
      }
      this.keys[at] = this.numbers.get(name);
    }
  }

  /** Returns the numbers of the keys with the greatest last values, whose names have a text in them. */
  greatest(place, text, most, since) {
    const last = new Map();
    const wanted = text.toLowerCase();
    const values = this.values[place];
    for (let at = this.count - 1; at >= 0; at--) {
      if (this.times[at] < since || last.has(this.keys[at]) || Number.isNaN(values[at])) continue;
      last.set(this.keys[at], values[at]);
    }
    const named = [...last].filter(([key]) => wanted === '' || this.names[key].toLowerCase().includes(wanted));
    named.sort((one, other) => other[1] - one[1]);
    return { keys: named.slice(0, most).map(([key]) => key), of: named.length };
  }

  /** Returns one column of some keys since a time, aligned as charts need it: the times, and a list per key. */
  series(place, keys, since) {
    const line = new Map(keys.map((key, index) => [key, index]));
    const points = keys.map(() => new Map());
    const times = new Set();
    const values = this.values[place];
    for (let at = 0; at < this.count; at++) {
      const index = line.get(this.keys[at]);
      if (index === undefined || !(this.times[at] >= since)) continue;
      points[index].set(this.times[at], values[at]);
      times.add(this.times[at]);
    }
    const sorted = Float64Array.from(times).sort();
    const aligned = points.map((of) => Array.from(sorted, (time) => of.get(time) ?? null));
    return [sorted, ...aligned];
  }
}
