"use strict";
// Reads what data.rs wrote. Times are nanoseconds since the trace began.

const READY = 0, RUNNING = 1, OUTSIDE = 2, WAITING = 3, IDLE = 4, TURN = 5, MANY = 6;
const NOBODY = 0, OTHER = 1, FIRST = 2;

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  byte() {
    return this.bytes[this.at++];
  }

  number() {
    const bytes = this.bytes;
    let byte = bytes[this.at++];
    if (byte < 128) return byte;
    let value = byte & 127, factor = 128;
    do {
      byte = bytes[this.at++];
      value += (byte & 127) * factor;
      factor *= 128;
    } while (byte > 127);
    return value;
  }

  signed() {
    const value = this.number();
    return value % 2 ? -(value + 1) / 2 : value / 2;
  }

  /** The next so many bytes, to be read on their own. */
  part() {
    const length = this.number();
    this.at += length;
    return new Reader(this.bytes.subarray(this.at - length, this.at));
  }
}

/** Lanes: parts without gaps. Part i of a lane lasts from start[i] to start[i + 1]. */
class Lanes {
  constructor(reader) {
    const count = reader.number(), pieces = reader.number();
    const heads = reader.part(), kinds = reader.part();
    const durations = reader.part(), details = reader.part();
    this.count = count;
    this.pieces = pieces;
    this.first = new Uint32Array(count + 1);
    this.start = new Float64Array(pieces + count);
    this.kind = new Uint8Array(pieces + count).fill(IDLE);
    this.detail = new Uint32Array(pieces + count);
    this.mixed = [];
    this.pyramids = new Map();
    let at = 0;
    for (let lane = 0; lane < count; lane++) {
      this.first[lane] = at;
      let now = heads.number();
      for (let left = heads.number(); left > 0; left--) {
        const kind = kinds.byte();
        this.start[at] = now;
        this.kind[at] = kind;
        if (kind === MANY) {
          this.detail[at] = this.mixed.length;
          for (let i = 0; i < 5; i++) this.mixed.push(details.number());
        } else if (kind !== OUTSIDE && kind !== IDLE) {
          this.detail[at] = details.number();
        }
        now += durations.number();
        at++;
      }
      this.start[at++] = now;
    }
    this.first[count] = at;
  }

  /** The index behind a lane's last part, whose start is the lane's end. */
  last(lane) {
    return this.first[lane + 1] - 1;
  }

  begin(lane) {
    return this.start[this.first[lane]];
  }

  end(lane) {
    return this.start[this.last(lane)];
  }

  /** The part of a lane at a time, or the first or last. */
  find(lane, time) {
    return search(this.start, this.first[lane], Math.max(this.last(lane), this.first[lane] + 1), time);
  }

  /** Whether anybody runs in the lane from a to b. */
  runs(lane, a, b) {
    const last = this.last(lane);
    for (let i = this.find(lane, a); i < last && this.start[i] < b; i++) {
      if (this.start[i + 1] <= a) continue;
      const kind = this.kind[i];
      if (kind === RUNNING || kind === TURN) return true;
      if (kind === MANY && this.mixed[this.detail[i]] > 0) return true;
    }
    return false;
  }
}

/** The last index in [from, to) whose value is not above the time, or from. */
function search(values, from, to, time) {
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (values[middle] <= time) from = middle;
    else to = middle;
  }
  return from;
}

/** Levels over time: running, outside, ready, waiting; with sums, so that averages are quick. */
class Levels {
  constructor(reader) {
    const parts = reader.number(), count = reader.number();
    this.exact = parts === 1;
    this.time = new Float64Array(count + 1);
    this.value = [0, 1, 2, 3].map(() => new Float64Array(count + 1));
    this.sum = [0, 1, 2, 3].map(() => new Float64Array(count + 1));
    const level = [0, 0, 0, 0];
    let now = 0;
    for (let i = 0; i < count; i++) {
      const before = now;
      now += reader.number();
      this.time[i] = now;
      for (let k = 0; k < 4; k++) {
        this.sum[k][i] = i ? this.sum[k][i - 1] + this.value[k][i - 1] * (now - before) : 0;
        level[k] += reader.signed();
        this.value[k][i] = level[k] / parts;
      }
    }
    this.time[count] = Infinity;
    this.count = count;
  }

  /** The sum of a kind from the begin to a time. */
  until(kind, time) {
    if (!this.count || time <= this.time[0]) return 0;
    const i = search(this.time, 0, this.count, time);
    return this.sum[kind][i] + this.value[kind][i] * (time - this.time[i]);
  }

  at(kind, time) {
    if (!this.count || time < this.time[0]) return 0;
    return this.value[kind][search(this.time, 0, this.count, time)];
  }

  /** When half of the sum until the end is reached. */
  middle(kind, end) {
    let from = 0, to = end;
    const half = this.until(kind, end) / 2;
    for (let i = 0; i < 60 && half > 0; i++) {
      const time = (from + to) / 2;
      if (this.until(kind, time) < half) from = time;
      else to = time;
    }
    return (from + to) / 2;
  }

  average(kind, a, b) {
    return b > a ? (this.until(kind, b) - this.until(kind, a)) / (b - a) : this.at(kind, a);
  }

  /** Averages of all columns of a picture. */
  columns(kind, t0, t1, width) {
    const values = new Float64Array(width), step = (t1 - t0) / width;
    let before = this.until(kind, t0);
    for (let x = 0; x < width; x++) {
      const next = this.until(kind, t0 + (x + 1) * step);
      values[x] = (next - before) / step;
      before = next;
    }
    return values;
  }
}

function readSight(reader) {
  const sight = {};
  for (const key of ["size", "windows", "ran", "most", "together", "overlapped"]) sight[key] = reader.number();
  const few = reader.number();
  sight.each = new Float64Array(few);
  sight.pairs = new Float64Array(few);
  for (let i = 0; i < few; i++) {
    sight.each[i] = reader.number();
    sight.pairs[i] = reader.number();
  }
  sight.average = Float64Array.from({ length: reader.number() }, () => reader.number() / 64);
  return sight;
}

function readRows(reader, keys) {
  return Array.from({ length: reader.number() }, () => {
    const row = {};
    for (const key of keys) row[key] = reader.number();
    return row;
  });
}

async function inflate(text) {
  const packed = atob(text.trim());
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** All there is in the page. */
async function load() {
  const element = document.getElementById("numbers");
  const reader = new Reader(await inflate(element.textContent));
  element.remove();
  const data = { head: JSON.parse(document.getElementById("head").textContent) };
  const count = reader.number();
  data.count = count;
  data.id = new Float64Array(count);
  data.creator = new Uint32Array(count);
  data.site = new Uint32Array(count);
  data.flags = new Uint8Array(count);
  let id = 0;
  for (let i = 0; i < count; i++) {
    data.id[i] = id += reader.number();
    data.creator[i] = reader.number();
    data.site[i] = reader.number();
    data.flags[i] = reader.byte();
  }
  data.lives = new Lanes(reader);
  data.work = new Lanes(reader);
  data.groups = Array.from({ length: reader.number() }, () => {
    const site = reader.number(), members = reader.number();
    return { site, members, levels: new Levels(reader) };
  });
  data.levels = new Levels(reader);
  data.sights = Array.from({ length: reader.number() }, () => readSight(reader));
  data.regions = readRows(reader, ["goroutine", "task", "name", "start", "length"]);
  data.tasks = readRows(reader, ["id", "parent", "name", "start", "length"]);
  data.messages = readRows(reader, ["time", "goroutine", "task", "category", "text"]);
  // Where the standard library was built says nothing.
  for (const site of data.head.sites) for (let i = 1; i < 3; i++) site[i] = site[i].replace(/^\/rustc\/[0-9a-f]+\/library\//, "");
  data.names = new Map(data.head.names);
  data.end = Math.max(data.head.end, 1);
  index(data);
  return data;
}

/** What drawing looks up often. */
function index(data) {
  data.regionsOf = new Map();
  for (const region of data.regions) {
    if (!data.regionsOf.has(region.goroutine)) data.regionsOf.set(region.goroutine, []);
    data.regionsOf.get(region.goroutine).push(region);
  }
  data.messagesOf = new Map();
  for (const message of data.messages) {
    const place = message.goroutine - FIRST;
    if (!data.messagesOf.has(place)) data.messagesOf.set(place, []);
    data.messagesOf.get(place).push(message);
  }
  // Time of each state in each life.
  const lives = data.lives;
  data.totals = [0, 1, 2, 3].map(() => new Float64Array(data.count));
  data.turns = new Float64Array(data.count);
  for (let g = 0; g < data.count; g++) {
    for (let i = lives.first[g]; i < lives.last(g); i++) {
      const kind = lives.kind[i], time = lives.start[i + 1] - lives.start[i];
      if (kind === MANY) {
        const m = lives.detail[i];
        data.totals[RUNNING][g] += lives.mixed[m];
        data.totals[OUTSIDE][g] += lives.mixed[m + 1];
        data.totals[READY][g] += lives.mixed[m + 2];
        data.totals[WAITING][g] += lives.mixed[m + 3];
        data.turns[g] += lives.mixed[m + 4];
      } else {
        data.totals[kind][g] += time;
        if (kind === RUNNING) data.turns[g]++;
      }
    }
  }
}

function goroutineName(data, place) {
  const name = data.names.get(place);
  return name ? `G${data.id[place]} ${name}` : `G${data.id[place]}`;
}

/** Who a number stands for. */
function whoIs(data, number) {
  if (number === NOBODY) return "a timer, a thread or the kernel";
  if (number === OTHER) return "a goroutine without a lane";
  return goroutineName(data, number - FIRST);
}

function siteText(data, number) {
  const [reason, place] = data.head.sites[number] || ["unknown", "", ""];
  return place ? (reason ? `${reason} at ${place}` : place) : reason;
}

/** Time as the report writes it. */
function duration(nanoseconds) {
  const value = Math.abs(nanoseconds);
  if (value < 1e3) return `${Math.round(nanoseconds)} ns`;
  if (value < 1e6) return `${(nanoseconds / 1e3).toFixed(1)} µs`;
  if (value < 1e9) return `${(nanoseconds / 1e6).toFixed(1)} ms`;
  return `${(nanoseconds / 1e9).toFixed(2)} s`;
}

/** When something happened, finely enough to tell it from what is next to it. */
function stamp(data, time) {
  if (data.end < 1e6) return `${(time / 1e3).toFixed(2)} µs`;
  if (data.end < 1e9) return `${(time / 1e6).toFixed(4)} ms`;
  return `${(time / 1e9).toFixed(6)} s`;
}

function grouped(number) {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}
