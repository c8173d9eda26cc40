// The run seen through a window. Windows follow each other from the begin of the
// trace; goroutines that ran in the same window seem to have run in parallel.

/** Turns that are looked at for one picture, and for one window, at most. */
const TURNS_OF_A_PICTURE = 60000, TURNS_OF_A_WINDOW = 300000;

/** Turns on all processors between two times; null if they are too many, or drawn together. */
function turnsBetween(data, a, b, most) {
  const turns = [], work = data.work;
  for (let p = 0; p < work.count; p++) {
    const last = work.last(p);
    for (let i = work.find(p, a); i < last && work.start[i] < b; i++) {
      if (work.start[i + 1] <= a) continue;
      if (work.kind[i] === MANY) return null;
      if (work.kind[i] !== TURN) continue;
      if (turns.length >= most) return null;
      turns.push({ start: work.start[i], end: work.start[i + 1], goroutine: work.detail[i], processor: p });
    }
  }
  return turns.sort((x, y) => x.start - y.start || x.end - y.end);
}

/** Which window of a size a time is in: begin and end. */
function windowAt(data, time, size) {
  if (!size) return [time, time];
  const index = Math.floor(Math.min(time, data.end - 1) / size);
  return [index * size, Math.min(data.end, (index + 1) * size)];
}

/**
 * What is seen through the window from a to b: who ran, how long, and which pairs were
 * at it at the same instant. What cannot be told one by one is told as far as it is
 * known: `members` is null then.
 */
function seenThrough(data, a, b, sight) {
  const seen = { start: a, end: b, ran: 0, together: 0, overlapped: 0, members: null, exact: true };
  const known = sight && sight.each.length ? Math.round(a / sight.size) : -1;
  // An instant is a window that has no length.
  const turns = turnsBetween(data, a, Math.max(b, a + 1e-6), TURNS_OF_A_WINDOW);
  if (turns) {
    const time = new Map(), pairs = new Set();
    let active = [];
    for (const turn of turns) {
      const begin = Math.max(turn.start, a), end = Math.min(turn.end, b);
      time.set(turn.goroutine, (time.get(turn.goroutine) || 0) + Math.max(end - begin, 0));
      if (turn.goroutine === OTHER) seen.exact = false;
      active = active.filter((other) => other.end > begin);
      for (const other of active) {
        if (other.goroutine !== turn.goroutine) pairs.add(pairKey(other.goroutine, turn.goroutine));
      }
      active.push(turn);
    }
    seen.members = [...time].map(([goroutine, ran]) => ({ goroutine, ran })).sort((x, y) => y.ran - x.ran || x.goroutine - y.goroutine);
    seen.pairs = pairs;
    seen.ran = time.size;
    seen.overlapped = pairs.size;
  } else if (known < 0) {
    seen.ran = seen.overlapped = NaN;
    seen.exact = false;
  }
  if (known >= 0 && known < sight.each.length) {
    seen.ran = sight.each[known];
    seen.overlapped = sight.pairs[known];
    seen.exact = true;
  }
  seen.together = seen.ran * (seen.ran - 1) / 2;
  return seen;
}

function pairKey(a, b) {
  return Math.min(a, b) * 4294967296 + Math.max(a, b);
}

/** How many goroutines ran in each window with an index in [from, to); null if unknown. */
function windowCounts(data, size, from, to) {
  const turns = turnsBetween(data, from * size, to * size, TURNS_OF_A_PICTURE);
  if (!turns) return null;
  const counts = new Uint32Array(to - from), seen = new Set();
  for (const turn of turns) {
    const first = Math.max(from, Math.floor(turn.start / size));
    const last = Math.min(to - 1, Math.ceil(turn.end / size) - 1);
    for (let k = first; k <= last; k++) {
      const key = (k - from) * 4294967296 + turn.goroutine;
      if (!seen.has(key)) {
        seen.add(key);
        counts[k - from]++;
      }
    }
  }
  return counts;
}

/** For each column, how many goroutines seem to run in parallel. */
function seemingColumns(data, sight, t0, t1, width) {
  const values = new Float64Array(width), step = (t1 - t0) / width, size = sight.size;
  let from = Math.floor(t0 / size), to = Math.min(Math.ceil(t1 / size), Math.ceil(data.end / size));
  let value = null;
  if (sight.each.length) {
    value = (k) => sight.each[k] || 0;
  } else {
    // Windows one by one, if they are not too small for that.
    const counts = to - from <= 20000 ? windowCounts(data, size, from, to) : null;
    if (counts) {
      const base = from;
      value = (k) => counts[k - base] || 0;
    }
  }
  if (!value) {
    const points = sight.average.length, width1 = Math.ceil(data.end / points);
    for (let x = 0; x < width; x++) {
      const at = Math.floor((t0 + (x + 0.5) * step) / width1);
      values[x] = at >= 0 && at < points ? sight.average[at] : 0;
    }
    return values;
  }
  for (let x = 0; x < width; x++) {
    const a = t0 + x * step, b = Math.min(a + step, data.end);
    if (b <= 0 || a >= data.end) continue;
    const k0 = Math.max(0, Math.floor(a / size)), k1 = Math.min(to, Math.max(k0 + 1, Math.ceil(b / size)));
    let sum = 0;
    for (let k = k0; k < k1; k++) sum += value(k) * (Math.min(b, (k + 1) * size) - Math.max(a, k * size, 0));
    values[x] = sum / (b - Math.max(a, 0));
  }
  return values;
}

/** Columns of the windows in sight in which somebody ran, next to each other ones joined. */
function tilesOf(data, lane, size, t0, t1, width) {
  const scale = width / (t1 - t0), tiles = [];
  if (!size || size * scale < 2) return tiles;
  const lives = data.lives, begin = Math.max(t0, lives.begin(lane)), end = Math.min(t1, lives.end(lane));
  const to = Math.ceil(end / size);
  for (let k = Math.floor(begin / size); k < to; k++) {
    if (!lives.runs(lane, k * size, Math.min(data.end, (k + 1) * size))) continue;
    const a = Math.max(0, (k * size - t0) * scale), b = Math.min(width, ((k + 1) * size - t0) * scale);
    const last = tiles[tiles.length - 1];
    if (last && a - last[1] < 0.5) last[1] = b;
    else tiles.push([a, b]);
  }
  return tiles;
}
