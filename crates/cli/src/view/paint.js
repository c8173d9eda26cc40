// Pixels. Each lane is a row of columns; for each column, the share of its time that
// each state has, and from that a colour. From the parts if few are in sight, else
// from a pyramid of sums over stretches that double from level to level.

/** Lanes with fewer parts need no pyramid. */
const PYRAMID_FROM = 4096;

class Pyramid {
  constructor(lanes, lane, colours) {
    const first = lanes.first[lane], last = lanes.last(lane);
    this.begin = lanes.start[first];
    const length = Math.max(lanes.start[last] - this.begin, 1);
    this.width = length / Math.ceil((last - first) / 4);
    let count = Math.ceil(length / this.width);
    const base = new Float32Array(4 * count);
    this.levels = [base];
    cover(lanes, lane, this.begin, 1 / this.width, count, base, colours, first, last);
    while (count > 256) {
      const below = this.levels[this.levels.length - 1];
      const above = new Float32Array(4 * Math.ceil(count / 2));
      for (let i = 0; i < count; i++) {
        for (let k = 0; k < 4; k++) above[4 * (i >> 1) + k] += below[4 * i + k] / 2;
      }
      this.levels.push(above);
      count = Math.ceil(count / 2);
    }
  }

  /** Adds what is in sight to the columns. `step` is the time of a column. */
  cover(t0, step, width, sums) {
    let level = 0, size = this.width;
    while (level + 1 < this.levels.length && size * 2 <= step) {
      size *= 2;
      level++;
    }
    const values = this.levels[level], count = values.length / 4;
    const from = Math.max(0, Math.floor((t0 - this.begin) / size));
    const to = Math.min(count, Math.ceil((t0 + width * step - this.begin) / size));
    for (let i = from; i < to; i++) {
      const a = (this.begin + i * size - t0) / step, b = a + size / step;
      const x0 = Math.max(a, 0), x1 = Math.min(b, width);
      for (let k = 0; k < 4; k++) {
        const value = values[4 * i + k];
        if (value > 0) add(sums, k, x0, x1, value);
      }
    }
  }
}

/** Adds a share to one of four sums of the columns from x0 to x1. */
function add(sums, k, x0, x1, share) {
  let i = x0 | 0;
  const j = x1 | 0;
  if (i === j) {
    sums[4 * i + k] += (x1 - x0) * share;
    return;
  }
  sums[4 * i + k] += (i + 1 - x0) * share;
  for (i++; i < j; i++) sums[4 * i + k] += share;
  if (4 * j < sums.length) sums[4 * j + k] += (x1 - j) * share;
}

/**
 * Adds parts [from, to) of a lane to the columns. Lives have the sums running, outside,
 * ready, waiting. Lanes of processors, for which there are colours of goroutines, have
 * the sums running, red, green, blue.
 */
function cover(lanes, lane, t0, scale, width, sums, colours, from, to) {
  const { start, kind, detail, mixed } = lanes;
  for (let i = from; i < to; i++) {
    const x0 = Math.max((start[i] - t0) * scale, 0), x1 = Math.min((start[i + 1] - t0) * scale, width);
    if (x1 <= x0) continue;
    switch (kind[i]) {
      case RUNNING: add(sums, 0, x0, x1, 1); break;
      case OUTSIDE: add(sums, 1, x0, x1, 1); break;
      case READY: add(sums, 2, x0, x1, 1); break;
      case WAITING: add(sums, 3, x0, x1, 1); break;
      case TURN: {
        const colour = colours(detail[i]);
        add(sums, 0, x0, x1, 1);
        add(sums, 1, x0, x1, colour[0]);
        add(sums, 2, x0, x1, colour[1]);
        add(sums, 3, x0, x1, colour[2]);
        break;
      }
      case MANY: {
        const m = detail[i], time = start[i + 1] - start[i];
        if (colours) {
          const share = mixed[m] / time, colour = colours(OTHER);
          add(sums, 0, x0, x1, share);
          for (let k = 0; k < 3; k++) add(sums, k + 1, x0, x1, share * colour[k]);
        } else {
          for (let k = 0; k < 4; k++) {
            if (mixed[m + k]) add(sums, k, x0, x1, mixed[m + k] / time);
          }
        }
      }
    }
  }
}

/** Fills the sums of all columns of a lane. Tells whether each part was looked at. */
function coverLane(lanes, lane, t0, t1, width, sums, colours) {
  sums.fill(0);
  if (lanes.last(lane) <= lanes.first[lane] || lanes.end(lane) <= t0 || lanes.begin(lane) >= t1) return true;
  const from = lanes.find(lane, t0), to = Math.min(lanes.find(lane, t1) + 1, lanes.last(lane));
  if (to - from <= Math.max(3 * width, PYRAMID_FROM)) {
    cover(lanes, lane, t0, width / (t1 - t0), width, sums, colours, from, to);
    return true;
  }
  let pyramid = lanes.pyramids.get(lane);
  if (!pyramid) {
    pyramid = new Pyramid(lanes, lane, colours);
    lanes.pyramids.set(lane, pyramid);
  }
  pyramid.cover(t0, (t1 - t0) / width, width, sums);
  return false;
}

/** A picture in memory. */
class Picture {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.image = new ImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  fill(x0, x1, y0, y1, colour) {
    const { width, pixels } = this, pixel = pack(colour);
    x0 = Math.max(0, Math.round(x0)); x1 = Math.min(width, Math.round(x1));
    y0 = Math.max(0, Math.round(y0)); y1 = Math.min(this.height, Math.round(y1));
    for (let y = y0; y < y1; y++) pixels.fill(pixel, y * width + x0, y * width + Math.max(x0, x1));
  }

  /** Puts a colour over what is there. */
  tint(x0, x1, y0, y1, colour, alpha) {
    const { width, pixels } = this;
    x0 = Math.max(0, Math.round(x0)); x1 = Math.min(width, Math.round(x1));
    y0 = Math.max(0, Math.round(y0)); y1 = Math.min(this.height, Math.round(y1));
    for (let y = y0; y < y1; y++) {
      for (let i = y * width + x0; i < y * width + x1; i++) pixels[i] = over(pixels[i], colour, alpha);
    }
  }

  column(x, y0, y1, pixel) {
    const { width, pixels } = this;
    for (let i = y0 * width + x, end = y1 * width; i < end; i += width) pixels[i] = pixel;
  }
}

function pack(colour) {
  return (255 << 24 | colour[2] << 16 | colour[1] << 8 | colour[0]) >>> 0;
}

/** A colour over a pixel. */
function over(pixel, colour, alpha) {
  const r = pixel & 255, g = pixel >> 8 & 255, b = pixel >> 16 & 255;
  return (255 << 24 | (b + (colour[2] - b) * alpha) << 16 | (g + (colour[1] - g) * alpha) << 8
    | (r + (colour[0] - r) * alpha)) >>> 0;
}

/** How strongly a share shows: what is there at all can be seen. */
function strength(share) {
  return share > 0.0001 ? Math.min(1, 0.22 + 0.78 * share) : 0;
}

/**
 * A life: running takes the whole height, ready half of it, waiting a line. `tiles` are
 * the windows in which it ran, as pairs of columns.
 */
function paintLife(picture, sums, x0, width, y0, y1, colour, theme, tiles) {
  const { pixels } = picture, stride = picture.width, height = y1 - y0;
  const inset = Math.floor(height / 4), line = Math.max(1, Math.round(height / 9));
  const readyFrom = y0 + inset, readyTo = Math.max(y1 - inset, readyFrom + 1);
  const waitFrom = y0 + ((height - line) >> 1), waitTo = waitFrom + line;
  for (const [a, b] of tiles) picture.tint(x0 + a, x0 + b, y0, y1, colour, theme.lens);
  for (let x = 0; x < width; x++) {
    const running = sums[4 * x], outside = sums[4 * x + 1], ready = sums[4 * x + 2], waiting = sums[4 * x + 3];
    const at = x0 + x;
    if (waiting > 0.0001) {
      const alpha = strength(waiting);
      for (let y = waitFrom, i = waitFrom * stride + at; y < waitTo; y++, i += stride) {
        pixels[i] = over(pixels[i], theme.waiting, alpha);
      }
    }
    if (ready > 0.0001) {
      const alpha = strength(ready);
      for (let y = readyFrom, i = readyFrom * stride + at; y < readyTo; y++, i += stride) {
        pixels[i] = over(pixels[i], theme.ready, alpha);
      }
    }
    if (running > 0.0001) {
      const alpha = strength(running);
      if (alpha > 0.995) picture.column(at, y0, y1, pack(colour));
      else for (let y = y0, i = y0 * stride + at; y < y1; y++, i += stride) pixels[i] = over(pixels[i], colour, alpha);
    }
    if (outside > 0.0001) {
      const alpha = strength(outside);
      for (let y = y0, i = y0 * stride + at; y < y1; y++, i += stride) {
        if ((at + y) % 6 < 3) pixels[i] = over(pixels[i], colour, alpha);
      }
    }
  }
}

/** A processor: the colours of who ran on it. */
function paintWork(picture, sums, x0, width, y0, y1) {
  const { pixels } = picture, stride = picture.width;
  for (let x = 0; x < width; x++) {
    const running = sums[4 * x];
    if (running <= 0.0001) continue;
    const colour = [sums[4 * x + 1] / running, sums[4 * x + 2] / running, sums[4 * x + 3] / running];
    const alpha = strength(running);
    for (let y = y0, i = y0 * stride + x0 + x; y < y1; y++, i += stride) pixels[i] = over(pixels[i], colour, alpha);
  }
}

/** A group: as high as it has members, running below, then ready, then waiting. */
function paintGroup(picture, columns, most, x0, width, y0, y1, theme) {
  const height = y1 - y0;
  for (let x = 0; x < width; x++) {
    let base = y1;
    for (const [kind, colour] of [[0, theme.running], [1, theme.outside], [2, theme.ready], [3, theme.waiting]]) {
      const tall = columns[kind][x] / most * height;
      if (tall <= 0) continue;
      const top = Math.max(y0, base - Math.max(1, Math.round(tall)));
      picture.column(x0 + x, top, base, pack(colour));
      base = top;
      if (base <= y0) break;
    }
  }
}
