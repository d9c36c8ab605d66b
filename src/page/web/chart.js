// Line charts, drawn by uPlot. Lines differ by dash as well as by colour.
import uPlot from 'uplot';
import uplotStyle from 'uplot/dist/uPlot.min.css';

const LIGHT = ['#1f5fae', '#8a5200', '#1a6b35', '#8e24aa', '#b3261e', '#00696f', '#5d4037', '#37474f'];
const DARK = ['#8ab8f7', '#f0b45c', '#6fd08c', '#d69cf0', '#ff8a80', '#5fd3da', '#cfb5a8', '#b8c7cf'];
const DASHES = [[], [8, 4], [2, 3], [12, 3, 2, 3], [], [8, 4], [2, 3], [12, 3, 2, 3]];
/** How many lines a chart shows: as many as can be told apart. */
export const LINES = LIGHT.length;

const dark = matchMedia('(prefers-color-scheme: dark)');
const style = document.createElement('style');
style.textContent = uplotStyle;
document.head.append(style);

export class LineChart {
  constructor(place, label) {
    this.place = place;
    this.label = label;
    this.named = '';
    this.data = null;
    this.legend = document.createElement('p');
    this.legend.className = 'legend';
    this.canvas = document.createElement('div');
    this.canvas.setAttribute('role', 'img');
    place.append(this.legend, this.canvas);
    new ResizeObserver(() => this.resize()).observe(place);
    dark.addEventListener('change', () => {
      this.named = '';
      if (this.data) this.draw(this.names, this.data);
    });
  }

  size() {
    return { width: Math.max(120, this.place.clientWidth), height: this.place.classList.contains('tall') ? 260 : 170 };
  }

  resize() {
    if (this.plot) this.plot.setSize(this.size());
  }

  /** Shows lines: their names, and the times with a list of values for each. */
  draw(names, data) {
    [this.names, this.data] = [names, data];
    const colors = dark.matches ? DARK : LIGHT;
    const named = names.join('\n');
    if (named !== this.named || !this.plot) {
      this.plot?.destroy();
      this.named = named;
      const css = getComputedStyle(document.documentElement);
      const [soft, line] = [css.getPropertyValue('--soft'), css.getPropertyValue('--line')];
      const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
      const series = names.map((label, index) => ({
        label,
        stroke: colors[index % LINES],
        dash: DASHES[index % LINES],
        width: 2,
        spanGaps: true,
        points: { show: data[0].length < 3 },
      }));
      const options = {
        ...this.size(),
        legend: { show: false },
        cursor: { y: false },
        axes: [axis, { ...axis, size: 64 }],
        series: [{}, ...series],
      };
      this.plot = new uPlot(options, data, this.canvas);
      this.legend.replaceChildren(...names.map((name, index) => this.sign(name, colors[index % LINES], index)));
    } else {
      this.plot.setData(data);
    }
    const last = names.map((name, index) => `${name} ${data[index + 1].at(-1) ?? 'none'}`);
    this.canvas.setAttribute('aria-label', `${this.label}; last: ${last.slice(0, 4).join(', ')}`);
  }

  sign(name, color, index) {
    const item = document.createElement('span');
    const mark = document.createElement('b');
    mark.style.borderTopColor = color;
    mark.style.borderTopStyle = ['solid', 'dashed', 'dotted', 'double'][index % 4];
    item.append(mark, name === '' ? 'all' : name);
    return item;
  }
}
