// The lanes: what processors, tasks and goroutines do, and who makes whom ready.

Object.assign(View.prototype, {
  drawLanes() {
    const surface = this.canvases.lanes, { picture, context: c, width, height } = surface;
    const { theme, ratio } = this, places = this.places;
    picture.pixels.fill(pack(theme.card));
    const x0 = Math.round(GUTTER * ratio), columns = Math.max(1, Math.min(picture.width - x0, Math.round(this.plot * ratio)));
    if (!this.sums || this.sums.length !== 4 * columns) this.sums = new Float32Array(4 * columns);
    const marks = ticks(this.t0, this.t1, Math.max(2, Math.floor(this.plot / 130)));
    for (const time of marks.all) {
      const x = Math.round(this.xOf(time) * ratio);
      picture.fill(x, x + 1, (AXIS - 4) * ratio, picture.height, theme.grid);
    }
    this.paintWorkLanes(picture, x0, columns);
    this.paintTasks(picture);
    const [from, to] = this.rowsInSight();
    this.seen = [];
    for (let row = from; row < to; row++) this.paintRow(picture, row, x0, columns);
    // What is behind the heading scrolls under it.
    picture.fill(0, picture.width, places.headingTop * ratio, places.top * ratio, theme.card);
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.putImageData(picture.image, 0, 0);
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.labelAxis(c, marks);
    this.labelWork(c);
    this.labelTasks(c);
    c.save();
    c.beginPath();
    c.rect(0, places.top, width, height - places.top);
    c.clip();
    for (let row = from; row < to; row++) this.labelRow(c, row);
    this.drawMessages(c, from, to);
    const arrows = this.drawArrows(c, from, to);
    c.restore();
    this.heading(c, arrows);
    this.focusBand(c, height);
    this.crosshair(c, height);
  },

  rowsInSight() {
    const { lane, room } = this.places;
    const from = Math.floor(this.scroll / lane);
    return [from, Math.min(this.rows.length, Math.ceil((this.scroll + room) / lane))];
  },

  paintWorkLanes(picture, x0, columns) {
    const { data, ratio } = this, h = this.places.workHeight, gap = h >= 12 ? 4 : 1;
    this.workSeen = [];
    for (let p = 0; p < data.work.count; p++) {
      const exact = coverLane(data.work, p, this.t0, this.t1, columns, this.sums, this.colours);
      this.workSeen.push(exact);
      const y0 = Math.round((AXIS + p * h) * ratio), y1 = Math.round((AXIS + (p + 1) * h - gap) * ratio);
      picture.fill(x0, x0 + columns, y0, y1, this.theme.grid);
      paintWork(picture, this.sums, x0, columns, y0, Math.max(y1, y0 + 1));
      // Turns that touch are told apart.
      if (exact) this.separate(picture, p, x0, columns, y0, y1);
    }
  },

  separate(picture, p, x0, columns, y0, y1) {
    const work = this.data.work, scale = columns / (this.t1 - this.t0), pixel = pack(this.theme.card);
    const last = work.last(p);
    for (let i = Math.max(work.find(p, this.t0), work.first[p] + 1); i < last && work.start[i] < this.t1; i++) {
      if (work.kind[i] !== TURN || work.kind[i - 1] !== TURN) continue;
      if ((work.start[i + 1] - work.start[i]) * scale < 4 || (work.start[i] - work.start[i - 1]) * scale < 2) continue;
      const x = Math.round((work.start[i] - this.t0) * scale);
      if (x > 0 && x < columns) picture.column(x0 + x, y0, y1, pixel);
    }
  },

  paintTasks(picture) {
    const { ratio, theme } = this;
    this.taskRows.forEach((tasks, row) => {
      const y = this.places.tasksTop + row * 18;
      for (const task of tasks) {
        const a = Math.max(this.xOf(task.start), GUTTER), b = Math.min(this.xOf(task.start + task.length), GUTTER + this.plot);
        if (b < GUTTER || a > GUTTER + this.plot) continue;
        picture.tint(a * ratio, Math.max(b, a + 1) * ratio, y * ratio, (y + 15) * ratio, theme.accent, 0.3);
        picture.fill(a * ratio, Math.max(b, a + 1) * ratio, (y + 13) * ratio, (y + 15) * ratio, theme.accent);
      }
    });
  },

  paintRow(picture, row, x0, columns) {
    const { data, ratio, theme } = this, g = this.rows[row], lane = this.places.lane;
    const gap = lane >= 10 ? 4 : lane >= 5 ? 1 : 0;
    const y0 = Math.max(0, Math.round(this.rowTop(row) * ratio));
    const y1 = Math.min(picture.height, Math.round((this.rowTop(row) + lane - gap) * ratio));
    if (y1 <= y0) return;
    if (g >= data.count) {
      const { levels } = data.groups[g - data.count];
      const values = [0, 1, 2, 3].map((kind) => levels.columns(kind, this.t0, this.t1, columns));
      const most = values[0].reduce((m, _, x) => Math.max(m, values[0][x] + values[1][x] + values[2][x] + values[3][x]), 1e-9);
      paintGroup(picture, values, most, x0, columns, y0, y1, theme);
      return;
    }
    if (g === this.selected) picture.tint(0, picture.width, y0 - gap * ratio / 2, y1 + gap * ratio / 2, theme.accent, 0.13);
    const exact = coverLane(data.lives, g, this.t0, this.t1, columns, this.sums, null);
    this.seen[row] = exact;
    const tiles = tilesOf(data, g, this.size, this.t0, this.t1, columns);
    const bottom = Math.max(y1, y0 + 1);
    paintLife(picture, this.sums, x0, columns, y0, bottom, this.colours(g + FIRST), theme, tiles);
  },

  labelAxis(c, marks) {
    for (const time of marks.all) {
      const x = this.xOf(time);
      if (x < GUTTER - 1 || x > GUTTER + this.plot + 1) continue;
      const align = x > GUTTER + this.plot - 40 ? "right" : x < GUTTER + 20 ? "left" : "center";
      this.text(c, tickText(time, marks.step, this.t1), x, 10, this.theme.softText, 11, 400, align);
    }
  },

  labelWork(c) {
    const { data, theme } = this, work = data.work, h = this.places.workHeight;
    if (h < 11) {
      this.text(c, `P0 … P${work.count - 1}`, 12, AXIS + 8, theme.inkText, 12, 600);
      return;
    }
    for (let p = 0; p < work.count; p++) {
      const y = AXIS + p * h + (h - 4) / 2;
      this.text(c, `P${p}`, 12, y, theme.inkText, 12, 600);
      const share = data.head.utilisation[p] || 0;
      this.text(c, `${(100 * share).toFixed(1)} % busy`, GUTTER - 10, y, theme.softText, 11, 400, "right");
      if (!this.workSeen[p] || h < 14) continue;
      this.wideParts(work, p, 30, (i, a, b) => {
        if (work.kind[i] !== TURN) return;
        const number = work.detail[i], room = b - a - 8;
        const name = number < FIRST ? "other" : goroutineName(data, number - FIRST);
        this.text(c, this.fitted(c, name, room, 11, 550), a + 5, y + 0.5, theme.dark ? "#0c1016" : "#ffffff", 11, 550);
      });
    }
  },

  /** Parts of a lane that are at least so wide, with where they are on the screen. */
  wideParts(lanes, lane, least, tell) {
    const last = lanes.last(lane), scale = this.plot / (this.t1 - this.t0);
    for (let i = lanes.find(lane, this.t0); i < last && lanes.start[i] < this.t1; i++) {
      if ((lanes.start[i + 1] - lanes.start[i]) * scale < least) continue;
      const a = Math.max(this.xOf(lanes.start[i]), GUTTER), b = Math.min(this.xOf(lanes.start[i + 1]), GUTTER + this.plot);
      if (b - a >= least) tell(i, a, b);
    }
  },

  labelTasks(c) {
    const { data, theme } = this;
    this.taskRows.forEach((tasks, row) => {
      const y = this.places.tasksTop + row * 18 + 6.5;
      if (row === 0) this.text(c, "Tasks", 12, y, theme.inkText, 12, 600);
      for (const task of tasks) {
        const a = Math.max(this.xOf(task.start), GUTTER), b = Math.min(this.xOf(task.start + task.length), GUTTER + this.plot);
        if (b - a < 30) continue;
        this.text(c, this.fitted(c, data.head.texts[task.name], b - a - 8, 11, 550), a + 5, y, theme.inkText, 11, 550);
      }
    });
  },

  labelRow(c, row) {
    const { data, theme } = this, g = this.rows[row], lane = this.places.lane;
    if (lane < 11) return;
    const y = this.rowTop(row) + (lane - 4) / 2, size = Math.min(12, lane - 4);
    if (g >= data.count) {
      const group = data.groups[g - data.count];
      const name = `${grouped(group.members)} made at ${siteText(data, group.site)}`;
      this.text(c, this.fitted(c, name, GUTTER - 22, size), 12, y, theme.softText, size);
      return;
    }
    c.fillStyle = this.colourText(g);
    c.fillRect(12, y - 4, 8, 8);
    const weight = g === this.selected ? 650 : 450;
    const name = `G${data.id[g]}`, made = data.names.get(g) || shortPlace(data, data.site[g]);
    this.text(c, name, 26, y, theme.inkText, size, weight);
    const used = c.measureText(name).width + 34;
    this.text(c, this.fitted(c, made, GUTTER - used - 8, size - 1), used, y, theme.softText, size - 1);
    if (!this.seen[row] || lane < 15) return;
    const lives = data.lives;
    this.wideParts(lives, g, 84, (i, a, b) => {
      // Ready takes half of the height only, which must be enough for a word.
      if (lives.kind[i] !== WAITING && (lives.kind[i] !== READY || lane < 26)) return;
      const what = lives.kind[i] === WAITING ? (data.head.sites[lives.detail[i]] || ["unknown"])[0] : "ready";
      const text = this.fitted(c, what, b - a - 24, 10.5);
      if (lives.kind[i] === WAITING) {
        // The line that stands for waiting goes around its name.
        c.strokeStyle = g === this.selected ? mix(theme.card, theme.accent, 0.13) : theme.cardText;
        c.lineWidth = 4;
        c.lineJoin = "round";
        c.textAlign = "left";
        c.textBaseline = "middle";
        c.strokeText(text, a + 12, y);
      }
      this.text(c, text, a + 12, y, lives.kind[i] === WAITING ? theme.softText : theme.dark ? "#0c1016" : "#ffffff", 10.5);
    });
    this.labelRegions(c, g, row, y);
  },

  labelRegions(c, g, row, y) {
    const regions = this.data.regionsOf.get(g), { theme } = this, lane = this.places.lane;
    if (!regions) return;
    let drawn = 0;
    for (const region of regions) {
      if (region.start > this.t1) break;
      if (region.start + region.length < this.t0) continue;
      const a = Math.max(this.xOf(region.start), GUTTER), b = Math.min(this.xOf(region.start + region.length), GUTTER + this.plot);
      if (++drawn > 2000) break;
      c.fillStyle = theme.inkText;
      c.fillRect(a, this.rowTop(row) + lane - 4, Math.max(b - a, 1), 2);
      c.fillRect(a, this.rowTop(row) + lane - 7, 1, 5);
      c.fillRect(b - 1, this.rowTop(row) + lane - 7, 1, 5);
      if (b - a > 40) this.text(c, this.fitted(c, this.data.head.texts[region.name], b - a - 12, 11, 550), a + 6, y, theme.dark ? "#0c1016" : "#ffffff", 11, 550);
    }
  },

  drawMessages(c, from, to) {
    const { data, theme } = this;
    let drawn = 0;
    for (let row = from; row < to; row++) {
      for (const message of data.messagesOf.get(this.rows[row]) || []) {
        if (message.time < this.t0 || message.time > this.t1) continue;
        if (++drawn > 3000) return;
        const x = this.xOf(message.time), y = this.rowTop(row) + 4;
        c.fillStyle = theme.inkText;
        c.strokeStyle = theme.cardText;
        c.lineWidth = 1;
        c.beginPath();
        c.moveTo(x, y - 4);
        c.lineTo(x + 4, y);
        c.lineTo(x, y + 4);
        c.lineTo(x - 4, y);
        c.closePath();
        c.fill();
        c.stroke();
      }
    }
  },

  /** Who made whom ready. Returns how many there are in sight, and whether all are drawn. */
  drawArrows(c, from, to) {
    const { data } = this, lives = data.lives, arrows = [], own = [];
    let complete = true, count = 0;
    for (let row = from; row < to; row++) {
      const g = this.rows[row];
      if (g >= data.count) continue;
      if (!this.seen[row]) {
        complete = false;
        if (g !== this.selected) continue;
      }
      const last = lives.last(g);
      for (let i = lives.find(g, this.t0); i < last && lives.start[i] < this.t1; i++) {
        const by = lives.detail[i];
        if (lives.kind[i] !== READY || by < FIRST || by - FIRST === g || lives.start[i] < this.t0) continue;
        count++;
        const arrow = [lives.start[i], by - FIRST, g];
        if (arrows.length <= ARROWS) arrows.push(arrow);
        if ((g === this.selected || by - FIRST === this.selected) && own.length < ARROWS_OF_ONE) own.push(arrow);
        if (!complete && own.length >= ARROWS_OF_ONE) break;
      }
    }
    const all = complete && count <= ARROWS;
    for (const arrow of all ? arrows : own) this.arrow(c, ...arrow);
    return { count, complete, all };
  },

  arrow(c, time, from, to) {
    const { theme, places } = this, source = this.rowOf[from], target = this.rowOf[to];
    if (source < 0 || target < 0) return;
    const middle = (places.lane - 4) / 2, down = target > source ? 1 : -1;
    const x = Math.round(this.xOf(time)) + 0.5, y0 = this.rowTop(source) + middle;
    const y1 = this.rowTop(target) + middle - down * Math.min(4, middle);
    const own = from === this.selected || to === this.selected;
    c.strokeStyle = c.fillStyle = own ? theme.inkText : theme.softText;
    c.globalAlpha = own ? 0.95 : 0.7;
    c.lineWidth = own ? 1.5 : 1;
    c.beginPath();
    c.moveTo(x, y0);
    c.lineTo(x, y1);
    c.stroke();
    c.beginPath();
    c.moveTo(x, y1 + down * 3);
    c.lineTo(x - 3.5, y1 - down * 3);
    c.lineTo(x + 3.5, y1 - down * 3);
    c.closePath();
    c.fill();
    c.globalAlpha = 1;
  },

  heading(c, arrows) {
    const { data, theme } = this, y = this.places.headingTop + HEADING / 2 - 1;
    c.fillStyle = theme.lineText;
    c.fillRect(0, this.places.headingTop + HEADING - 3, this.canvases.lanes.width, 1);
    this.text(c, "Goroutines", 12, y - 1, theme.inkText, 12, 600);
    const own = this.rows.length - data.groups.length;
    this.text(c, grouped(own), GUTTER - 10, y - 1, theme.softText, 11, 400, "right");
    let hint = own < data.count ? `of ${grouped(data.count)}. ` : "";
    if (!arrows.all) {
      hint += arrows.complete ? `${grouped(arrows.count)} wake-ups among these lanes in sight: ` : "More wake-ups in sight than arrows could show: ";
      hint += this.selected < 0 ? "zoom in, or select a goroutine, to see arrows" : "only those of the selected goroutine are drawn";
    }
    this.text(c, this.fitted(c, hint, this.plot - 10, 11), GUTTER + 2, y - 1, theme.softText, 11);
  },
});

function mix(a, b, alpha) {
  return `rgb(${a.map((value, i) => Math.round(value + (b[i] - value) * alpha)).join(" ")})`;
}

/** A place without its folders. */
function shortPlace(data, site) {
  const place = (data.head.sites[site] || ["", "", ""])[1];
  return place ? place.split("/").pop() : "";
}
