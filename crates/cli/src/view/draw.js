// What is in sight, and how it is laid out and drawn.

const GUTTER = 172, AXIS = 24, HEADING = 22;
/** Arrows in one picture at most, unless those of the selected goroutine. */
const ARROWS = 400, ARROWS_OF_ONE = 1500;

const PALETTES = {
  light: ["#3b76d6", "#d1495b", "#2a9d6f", "#8e5bd0", "#0e97a7", "#c2589a", "#6f8f22", "#a0623a", "#4b5fc4", "#5d87a8", "#93457a", "#3f8f4f"],
  dark: ["#6ea0f5", "#f07c8a", "#52c79a", "#b48cf0", "#45c4d3", "#e288bf", "#a3c24e", "#cf9067", "#8494ee", "#8fb6d4", "#c87fb0", "#74c083"],
};

function rgb(text) {
  const value = parseInt(text.trim().slice(1), 16);
  return [value >> 16 & 255, value >> 8 & 255, value & 255];
}

function readTheme() {
  const style = getComputedStyle(document.documentElement), theme = {};
  for (const name of ["ground", "card", "ink", "soft", "faint", "line", "grid", "accent", "running", "outside", "ready", "waiting", "busy", "seeming"]) {
    theme[`${name}Text`] = style.getPropertyValue(`--${name}`).trim();
    theme[name] = rgb(theme[`${name}Text`]);
  }
  theme.lens = parseFloat(style.getPropertyValue("--lens"));
  theme.dark = document.documentElement.dataset.theme === "dark";
  theme.paletteText = PALETTES[theme.dark ? "dark" : "light"];
  theme.palette = theme.paletteText.map(rgb);
  theme.font = getComputedStyle(document.body).fontFamily;
  return theme;
}

class View {
  constructor(data) {
    this.data = data;
    this.t0 = 0;
    this.t1 = data.end;
    this.scroll = 0;
    this.height = 0;
    this.order = "made";
    this.aliveOnly = data.count > 200;
    this.selected = -1;
    this.part = -1;
    this.size = 0;
    this.focus = data.levels.middle(0, data.end);
    this.pointer = null;
    this.range = null;
    this.frames = 0;
    this.canvases = {};
    for (const name of ["overview", "curves", "lanes"]) {
      const canvas = document.getElementById(name);
      this.canvases[name] = { canvas, context: canvas.getContext("2d"), picture: null, width: 0, height: 0 };
    }
    this.rowOf = new Int32Array(data.count).fill(-1);
    this.rows = [];
    this.packTasks();
    this.setTheme();
    this.arrange();
  }

  setTheme() {
    this.theme = readTheme();
    for (const lanes of [this.data.work, this.data.lives]) lanes.pyramids.clear();
    this.colours = (number) => (number >= FIRST ? this.theme.palette[(number - FIRST) % this.theme.palette.length] : this.theme.faint);
  }

  colourText(place) {
    return this.theme.paletteText[place % this.theme.paletteText.length];
  }

  get sight() {
    return this.data.sights.find((sight) => sight.size === this.size) || null;
  }

  /** Sizes canvases as the page has them. */
  resize() {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    for (const surface of Object.values(this.canvases)) {
      const box = surface.canvas.getBoundingClientRect();
      const width = Math.max(1, Math.round(box.width * ratio)), height = Math.max(1, Math.round(box.height * ratio));
      surface.width = box.width;
      surface.height = box.height;
      if (surface.canvas.width !== width || surface.canvas.height !== height || !surface.picture) {
        surface.canvas.width = width;
        surface.canvas.height = height;
        surface.picture = new Picture(width, height);
      }
    }
    this.ratio = ratio;
  }

  get plot() {
    return Math.max(this.canvases.lanes.width - GUTTER - 12, 10);
  }

  xOf(time) {
    return GUTTER + (time - this.t0) / (this.t1 - this.t0) * this.plot;
  }

  timeOf(x) {
    return this.t0 + (x - GUTTER) / this.plot * (this.t1 - this.t0);
  }

  /** Tasks in rows, so that none is over another. */
  packTasks() {
    const ends = [];
    this.taskRows = [];
    for (const task of this.data.tasks) {
      let row = ends.findIndex((end) => end <= task.start);
      if (row < 0) row = ends.length;
      if (row >= 5) row = 4;
      ends[row] = Math.max(ends[row] || 0, task.start + task.length);
      (this.taskRows[row] ||= []).push(task);
    }
  }

  /** Which goroutines have rows, and in which order. */
  arrange() {
    const { data } = this, lives = data.lives;
    let rows = [];
    for (let g = 0; g < data.count; g++) {
      if (!this.aliveOnly || g === this.selected || (lives.begin(g) < this.t1 && lives.end(g) > this.t0)) rows.push(g);
    }
    const by = { ran: RUNNING, ready: READY, waited: WAITING }[this.order];
    if (by !== undefined) {
      const total = data.totals[by];
      rows.sort((a, b) => total[b] - total[a] || a - b);
    }
    data.groups.forEach((_, i) => rows.push(data.count + i));
    this.rowOf.fill(-1);
    rows.forEach((g, row) => { if (g < data.count) this.rowOf[g] = row; });
    this.rows = rows;
  }

  layout() {
    const height = this.canvases.lanes.height, count = this.data.work.count;
    const workHeight = count <= 8 ? 24 : Math.max(3, Math.min(20, Math.floor(height * 0.35 / count)));
    const tasksTop = AXIS + count * workHeight + 6;
    const headingTop = tasksTop + this.taskRows.length * 18;
    const top = headingTop + HEADING;
    const room = Math.max(height - top, 20);
    const lane = this.height || Math.max(16, Math.min(34, Math.floor(room / Math.max(this.rows.length, 1))));
    const most = Math.max(0, this.rows.length * lane - room + 4);
    this.scroll = Math.min(Math.max(this.scroll, 0), most);
    return (this.places = { workHeight, tasksTop, headingTop, top, room, lane, most });
  }

  rowTop(row) {
    return this.places.top + row * this.places.lane - this.scroll;
  }

  /** Draws everything; returns the milliseconds that took. */
  draw() {
    const begin = performance.now();
    if (this.aliveOnly) this.arrange();
    this.layout();
    this.drawOverview();
    this.drawCurves();
    this.drawLanes();
    this.frames++;
    this.took = performance.now() - begin;
    return this.took;
  }

  // ---- the whole run

  drawOverview() {
    const { context: c, width, height } = this.canvases.overview, { data, theme } = this;
    this.begin(c, width, height);
    const plot = Math.floor(this.plot), most = Math.max(data.work.count, 1);
    const busy = data.levels.columns(0, 0, data.end, plot);
    c.fillStyle = theme.busyText;
    c.globalAlpha = 0.55;
    for (let x = 0; x < plot; x++) {
      const tall = busy[x] / most * (height - 10);
      if (tall > 0) c.fillRect(GUTTER + x, height - 4 - Math.max(tall, 0.75), 1, Math.max(tall, 0.75));
    }
    c.globalAlpha = 1;
    const a = GUTTER + this.t0 / data.end * plot, b = GUTTER + this.t1 / data.end * plot;
    c.fillStyle = theme.groundText;
    c.globalAlpha = 0.6;
    c.fillRect(GUTTER, 0, Math.max(a - GUTTER, 0), height);
    c.fillRect(b, 0, Math.max(GUTTER + plot - b, 0), height);
    c.globalAlpha = 1;
    c.strokeStyle = theme.accentText;
    c.lineWidth = 1.5;
    c.strokeRect(a + 0.5, 2.5, Math.max(b - a - 1, 2), height - 5);
    this.text(c, "Whole run", 12, height / 2 - 6, theme.inkText, 12.5);
    this.text(c, duration(data.end), 12, height / 2 + 8, theme.softText, 11);
  }

  // ---- curves

  drawCurves() {
    const { context: c, width, height } = this.canvases.curves, { data, theme, t0, t1 } = this;
    this.begin(c, width, height);
    const plot = Math.floor(this.plot), half = Math.floor(height / 2);
    const [running, outside, ready, waiting] = [0, 1, 2, 3].map((kind) => data.levels.columns(kind, t0, t1, plot));
    const seeming = this.sight ? seemingColumns(data, this.sight, t0, t1, plot) : null;
    this.focusBand(c, height);
    // Concurrency: who is alive, by what they do.
    const all = running.map((value, x) => value + outside[x] + ready[x] + waiting[x]);
    const mostAlive = nice(Math.max(1, max(all)));
    const sums = new Float64Array(plot);
    for (const [values, colour, alpha] of [[running, theme.busyText, 0.9], [outside, theme.outsideText, 0.8],
      [ready, theme.readyText, 0.85], [waiting, theme.waitingText, 0.55]]) {
      this.area(c, sums, values, mostAlive, 8, half - 6, colour, alpha);
      for (let x = 0; x < plot; x++) sums[x] += values[x];
    }
    this.scaleOf(c, 8, half - 6, mostAlive);
    // Parallelism: processors at work, and how it seems through the window.
    const top = half + 8, bottom = height - 6;
    let most = Math.max(data.work.count, 1, max(running));
    if (seeming) most = Math.max(most, max(seeming));
    most = most > data.work.count + 1e-6 ? nice(most) : Math.max(data.work.count, 1);
    // So that both can be seen when one is far above the other.
    const wide = most > 12 * data.work.count, logarithmic = (value) => Math.log2(1 + value) / Math.log2(1 + most) * most;
    const busy = wide ? running.map(logarithmic) : running;
    const zero = new Float64Array(plot);
    if (seeming) {
      const seen = wide ? seeming.map(logarithmic) : seeming;
      this.area(c, zero, seen, most, top, bottom, theme.seemingText, 0.2);
      this.curve(c, seen, most, top, bottom, theme.seemingText);
    }
    this.area(c, zero, busy, most, top, bottom, theme.busyText, 0.85);
    const limit = bottom - (wide ? logarithmic(data.work.count) : data.work.count) / most * (bottom - top);
    c.strokeStyle = theme.softText;
    c.setLineDash([4, 4]);
    c.lineWidth = 1;
    c.beginPath();
    c.moveTo(GUTTER, limit + 0.5);
    c.lineTo(GUTTER + plot, limit + 0.5);
    c.stroke();
    c.setLineDash([]);
    this.scaleOf(c, top, bottom, most);
    if (wide) this.text(c, "log", GUTTER - 6, top + 16, theme.faintText, 10.5, 400, "right");
    this.curveLabels(c, half, seeming);
    this.crosshair(c, height);
  }

  curveLabels(c, half, seeming) {
    const { data, theme } = this, level = data.levels;
    // Values under the pointer, else averages of what is in sight.
    const at = this.pointer && this.pointer.x >= GUTTER ? this.timeOf(this.pointer.x) : null;
    const step = (this.t1 - this.t0) / this.plot;
    const value = (kind) => (at === null ? level.average(kind, Math.max(this.t0, 0), Math.min(this.t1, data.end)) : level.average(kind, at, at + step));
    const [running, outside, ready, waiting] = [0, 1, 2, 3].map(value);
    this.text(c, "Concurrency", 12, 16, theme.inkText, 12.5, 600);
    const rows = [["alive", running + outside + ready + waiting, theme.inkText], ["ready", ready, theme.readyText], ["waiting", waiting, theme.softText]];
    if (outside > 0.005 && half >= 80) rows.push(["without P", outside, theme.outsideText]);
    rows.forEach(([name, x, colour], i) => {
      this.text(c, name, 12, 33 + 14 * i, colour, 11.5);
      this.text(c, amount(x), 96, 33 + 14 * i, theme.softText, 11.5);
    });
    this.text(c, "Parallelism", 12, half + 16, theme.inkText, 12.5, 600);
    this.text(c, "Ps busy", 12, half + 33, theme.busyText, 11.5);
    this.text(c, amount(running), 96, half + 33, theme.softText, 11.5);
    if (seeming) {
      let x = 0;
      if (at !== null) x = seeming[Math.min(seeming.length - 1, Math.max(0, Math.floor(this.pointer.x - GUTTER)))];
      else x = seeming.reduce((sum, v) => sum + v, 0) / seeming.length;
      this.text(c, `seen in ${this.sizeText()}`, 12, half + 47, theme.seemingText, 11.5);
      this.text(c, amount(x), 112, half + 47, theme.softText, 11.5);
    }
  }

  sizeText() {
    const size = this.size;
    if (!size) return "an instant";
    for (const [factor, unit] of [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]]) if (size >= factor) return `${size / factor} ${unit}`;
    return `${size} ns`;
  }

  area(c, base, values, most, top, bottom, colour, alpha) {
    const scale = (bottom - top) / most;
    c.fillStyle = colour;
    c.globalAlpha = alpha;
    c.beginPath();
    c.moveTo(GUTTER, bottom - base[0] * scale);
    for (let x = 0; x < values.length; x++) {
      const y = bottom - (base[x] + values[x]) * scale;
      c.lineTo(GUTTER + x, y);
      c.lineTo(GUTTER + x + 1, y);
    }
    for (let x = values.length - 1; x >= 0; x--) {
      const y = bottom - base[x] * scale;
      c.lineTo(GUTTER + x + 1, y);
      c.lineTo(GUTTER + x, y);
    }
    c.fill();
    c.globalAlpha = 1;
  }

  curve(c, values, most, top, bottom, colour) {
    const scale = (bottom - top) / most;
    c.strokeStyle = colour;
    c.lineWidth = 1.5;
    c.beginPath();
    for (let x = 0; x < values.length; x++) {
      const y = bottom - values[x] * scale;
      c.lineTo(GUTTER + x, y);
      c.lineTo(GUTTER + x + 1, y);
    }
    c.stroke();
  }

  scaleOf(c, top, bottom, most) {
    const { theme } = this;
    c.fillStyle = theme.lineText;
    c.fillRect(GUTTER, bottom, this.plot, 1);
    this.text(c, most >= 1000 ? grouped(most) : String(most), GUTTER - 6, top + 4, theme.faintText, 10.5, 400, "right");
    this.text(c, "0", GUTTER - 6, bottom - 2, theme.faintText, 10.5, 400, "right");
  }

  // ---- small things

  begin(c, width, height) {
    c.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    c.fillStyle = this.theme.cardText;
    c.fillRect(0, 0, width, height);
  }

  text(c, text, x, y, colour, size, weight = 400, align = "left") {
    c.font = `${weight} ${size}px ${this.theme.font}`;
    c.textAlign = align;
    c.textBaseline = "middle";
    c.fillStyle = colour;
    c.fillText(text, x, y);
  }

  /** As much of a text as there is room for. */
  fitted(c, text, room, size, weight = 400) {
    c.font = `${weight} ${size}px ${this.theme.font}`;
    if (c.measureText(text).width <= room) return text;
    let length = Math.min(text.length, Math.floor(room / 4));
    while (length > 1 && c.measureText(`${text.slice(0, length)}…`).width > room) length--;
    return length > 2 ? `${text.slice(0, length)}…` : "";
  }

  focusWindow() {
    return windowAt(this.data, this.focus, this.size);
  }

  /** The window that was clicked. */
  focusBand(c, height) {
    const [from, to] = this.focusWindow(), { theme } = this;
    const a = Math.max(this.xOf(from), GUTTER), b = Math.min(this.xOf(to), GUTTER + this.plot);
    if (b < GUTTER || a > GUTTER + this.plot) return;
    c.fillStyle = theme.seemingText;
    c.globalAlpha = 0.09;
    c.fillRect(a, 0, b - a, height);
    c.globalAlpha = 0.75;
    if (from >= this.t0) c.fillRect(a - 0.5, 0, 1, height);
    if (to <= this.t1 && b - a > 1) c.fillRect(b - 0.5, 0, 1, height);
    c.globalAlpha = 1;
  }

  crosshair(c, height) {
    if (this.range) {
      const a = Math.max(GUTTER, Math.min(...this.range)), b = Math.max(...this.range);
      c.fillStyle = this.theme.accentText;
      c.globalAlpha = 0.2;
      c.fillRect(a, 0, b - a, height);
      c.globalAlpha = 1;
    }
    if (!this.pointer || this.pointer.x < GUTTER) return;
    c.fillStyle = this.theme.inkText;
    c.globalAlpha = 0.3;
    c.fillRect(Math.round(this.pointer.x), 0, 1, height);
    c.globalAlpha = 1;
  }
}

function max(values) {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > most) most = values[i];
  return most;
}

/** A round number that is not below a value. */
function nice(value) {
  if (value <= 10) return Math.ceil(value);
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((x) => x >= value);
}

/** Times to label: a round distance, so that there are some six to ten. */
function ticks(t0, t1, count) {
  const rough = (t1 - t0) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((x) => x >= rough));
  const all = [];
  for (let k = Math.ceil(t0 / step); k * step <= t1; k++) all.push(k * step);
  return { step, all };
}

/** A time in the largest unit that does not need many digits for it. */
function tickText(time, step, latest) {
  for (const [factor, unit] of [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]]) {
    const digits = Math.max(0, Math.ceil(-Math.log10(step / factor) - 1e-9));
    if (factor > 1 && (latest < factor || digits > 4)) continue;
    return `${(time / factor).toFixed(digits)} ${unit}`;
  }
  return "";
}
