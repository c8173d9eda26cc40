// Pointer, wheel and keys.

Object.assign(View.prototype, {
  /** Draws with the next frame. */
  changed(what = {}) {
    if (what.window) this.windowChanged = true;
    if (what.life) this.lifeChanged = true;
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.draw();
      this.placeThumb();
      if (this.windowChanged) showWindow(this);
      if (this.lifeChanged) showGoroutine(this);
      this.windowChanged = this.lifeChanged = false;
    });
  },

  look(t0, t1) {
    const least = 20, { end } = this.data;
    let length = Math.min(Math.max(t1 - t0, least), Math.max(end, least));
    t0 = Math.min(Math.max(t0, 0), Math.max(end - length, 0));
    this.t0 = t0;
    this.t1 = t0 + length;
    this.changed();
  },

  zoom(factor, x = GUTTER + this.plot / 2) {
    const centre = this.timeOf(Math.min(Math.max(x, GUTTER), GUTTER + this.plot));
    this.look(centre - (centre - this.t0) * factor, centre + (this.t1 - centre) * factor);
  },

  pan(share) {
    const step = (this.t1 - this.t0) * share;
    this.look(this.t0 + step, this.t1 + step);
  },

  whole() {
    this.look(0, this.data.end);
  },

  /** Shows a stretch of time with some room around it. */
  goTo(from, to) {
    const room = Math.max((to - from) * 0.4, 500);
    this.look(from - room, to + room);
  },

  setSize(index) {
    const sights = this.data.sights;
    index = Math.min(Math.max(index, 0), sights.length);
    this.size = index ? sights[index - 1].size : 0;
    showSight(this);
    this.changed({ window: true });
  },

  sizeIndex() {
    return this.sight ? this.data.sights.indexOf(this.sight) + 1 : 0;
  },

  setFocus(time) {
    this.focus = Math.min(Math.max(time, 0), this.data.end);
    this.changed({ window: true });
  },

  select(g, reveal = false) {
    this.selected = g;
    this.part = -1;
    if (g >= 0) {
      if (this.aliveOnly) this.arrange();
      if (reveal) this.revealRow(g);
      say(`${goroutineName(this.data, g)}, ${siteText(this.data, this.data.site[g])}`);
    }
    this.changed({ life: true });
  },

  revealRow(g) {
    const row = this.rowOf[g];
    if (row < 0) return;
    this.layout();
    const { lane, room } = this.places;
    if (row * lane < this.scroll) this.scroll = row * lane;
    else if ((row + 1) * lane > this.scroll + room) this.scroll = (row + 1) * lane - room + 4;
  },

  selectPart(i, move = false) {
    const lives = this.data.lives;
    this.part = i;
    const [from, to] = [lives.start[i], lives.start[i + 1]];
    if (move && (from < this.t0 || to > this.t1 || (to - from) / (this.t1 - this.t0) * this.plot < 2)) this.goTo(from, to);
    this.focus = from;
    say(`${stamp(this.data, from)}: ${partText(this.data, this.selected, i).filter(Boolean).join(", ")}`);
    this.changed({ life: true, window: true });
  },

  /** The next part of the selected goroutine's life, or the one before. */
  step(by) {
    if (this.selected < 0) return;
    const lives = this.data.lives, g = this.selected;
    const at = this.part >= 0 ? this.part + by : lives.find(g, Math.max(this.t0, lives.begin(g)));
    const part = Math.min(Math.max(at, lives.first[g]), lives.last(g) - 1);
    this.selectPart(part);
    const [from, to] = [lives.start[part], lives.start[part + 1]];
    if (from < this.t0 || to > this.t1) {
      const half = (this.t1 - this.t0) / 2;
      this.look(Math.max((from + to) / 2 - half, 0), (from + to) / 2 + half);
    }
  },

  /** To who made the selected goroutine ready: at the selected part, or before what is in sight. */
  cause() {
    const lives = this.data.lives, g = this.selected;
    if (g < 0) return;
    let i = this.part >= 0 ? this.part : lives.find(g, Math.min(this.t1, lives.end(g)));
    while (i >= lives.first[g] && !(lives.kind[i] === READY && lives.detail[i] >= FIRST && lives.detail[i] - FIRST !== g)) i--;
    if (i < lives.first[g]) return say("nobody with a lane made it ready");
    const other = lives.detail[i] - FIRST, time = lives.start[i];
    this.select(other, true);
    // The one that ran when it did so.
    let part = lives.find(other, time);
    if (part > lives.first[other] && lives.start[part] === time) part--;
    this.selectPart(part, true);
  },

  neighbour(by) {
    if (!this.rows.length) return;
    const own = this.rows.length - this.data.groups.length;
    const row = this.selected < 0 ? (by > 0 ? 0 : own - 1) : this.rowOf[this.selected] + by;
    if (row >= 0 && row < own) this.select(this.rows[row], true);
  },

  rowAt(y) {
    if (y < this.places.top) return -1;
    const row = Math.floor((y - this.places.top + this.scroll) / this.places.lane);
    return row < this.rows.length ? row : -1;
  },

  scrollBy(pixels) {
    this.scroll += pixels;
    this.changed();
  },

  setHeight(by) {
    const heights = [2, 4, 7, 11, 16, 20, 26, 34], lane = this.places.lane;
    const index = heights.findIndex((height) => height >= lane);
    const next = Math.min(Math.max((index < 0 ? heights.length - 1 : index) + by, 0), heights.length - 1);
    const middle = (this.scroll + this.places.room / 2) / lane;
    this.height = heights[next];
    this.scroll = middle * this.height - this.places.room / 2;
    this.changed();
  },

  placeThumb() {
    const thumb = byId("thumb"), { most, room, top } = this.places;
    thumb.hidden = most <= 0;
    if (most <= 0) return;
    const share = room / (room + most);
    thumb.style.height = `${Math.max(24, room * share)}px`;
    thumb.style.top = `${top + this.scroll / most * (room - Math.max(24, room * share))}px`;
  },

  zoomToSelected() {
    const lives = this.data.lives, g = this.selected;
    if (g < 0) return;
    if (this.part >= 0) this.goTo(lives.start[this.part], lives.start[this.part + 1]);
    else this.goTo(lives.begin(g), lives.end(g));
  },
});

function say(text) {
  byId("say").textContent = text;
}

// ---- pointer

function setUpPointer(view) {
  for (const name of ["curves", "lanes"]) {
    const { canvas } = view.canvases[name];
    let drag = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      drag = { x: event.offsetX, y: event.offsetY, t0: view.t0, t1: view.t1, scroll: view.scroll, moved: false, range: event.shiftKey };
    });
    canvas.addEventListener("pointermove", (event) => {
      view.pointer = { x: event.offsetX, y: event.offsetY, name };
      if (drag) {
        const dx = event.offsetX - drag.x, dy = event.offsetY - drag.y;
        if (Math.abs(dx) + Math.abs(dy) > 4) drag.moved = true;
        if (drag.moved && drag.range) view.range = [drag.x, event.offsetX];
        else if (drag.moved) {
          const shift = dx / view.plot * (drag.t1 - drag.t0);
          view.look(drag.t0 - shift, drag.t1 - shift);
          if (name === "lanes") view.scroll = drag.scroll - dy;
        }
        hideTip();
      } else showTip(view, event, name);
      view.changed();
    });
    canvas.addEventListener("pointerup", (event) => {
      if (drag && drag.range && view.range) {
        const [a, b] = view.range.map((x) => view.timeOf(Math.max(x, GUTTER)));
        if (Math.abs(a - b) > 0) view.look(Math.min(a, b), Math.max(a, b));
      } else if (drag && !drag.moved) click(view, event, name);
      drag = view.range = null;
      view.changed();
    });
    canvas.addEventListener("pointercancel", () => { drag = view.range = null; });
    canvas.addEventListener("pointerleave", () => {
      view.pointer = null;
      hideTip();
      view.changed();
    });
    canvas.addEventListener("dblclick", (event) => {
      const found = name === "lanes" && describe(view, event.offsetX, event.offsetY);
      if (found && found.to > found.from) view.goTo(found.from, found.to);
      else view.zoom(0.25, event.offsetX);
    });
    canvas.addEventListener("wheel", (event) => wheel(view, event, name), { passive: false });
  }
  setUpOverview(view);
  setUpThumb(view);
}

function click(view, event, name) {
  const { offsetX: x, offsetY: y } = event;
  if (x >= GUTTER) view.setFocus(view.timeOf(x));
  if (name !== "lanes") return;
  const row = view.rowAt(y);
  const found = describe(view, x, y);
  if (row >= 0 && view.rows[row] < view.data.count) {
    view.select(view.rows[row]);
    if (found && found.part !== undefined) view.part = found.part;
  } else if (found && found.goroutine >= 0) {
    view.select(found.goroutine, true);
  }
}

function wheel(view, event, name) {
  event.preventDefault();
  const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 200 : 1;
  const dx = event.deltaX * unit, dy = event.deltaY * unit;
  if (event.offsetX < GUTTER && name === "lanes" && !event.ctrlKey) view.scrollBy(dy);
  else if (event.shiftKey || Math.abs(dx) > Math.abs(dy)) view.pan((dx || dy) / view.plot);
  else view.zoom(Math.exp(Math.min(Math.max(dy, -200), 200) * 0.0022), event.offsetX);
}

function setUpOverview(view) {
  const { canvas } = view.canvases.overview;
  const move = (event) => {
    const time = (event.offsetX - GUTTER) / view.plot * view.data.end, half = (view.t1 - view.t0) / 2;
    view.look(time - half, time + half);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    move(event);
  });
  canvas.addEventListener("pointermove", (event) => { if (event.buttons & 1) move(event); });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    view.zoom(Math.exp(Math.min(Math.max(event.deltaY, -200), 200) * 0.0022));
  }, { passive: false });
}

function setUpThumb(view) {
  const thumb = byId("thumb");
  let from = null;
  thumb.addEventListener("pointerdown", (event) => {
    thumb.setPointerCapture(event.pointerId);
    from = { y: event.clientY, scroll: view.scroll };
  });
  thumb.addEventListener("pointermove", (event) => {
    if (!from) return;
    const { most, room } = view.places;
    view.scroll = from.scroll + (event.clientY - from.y) / Math.max(room - thumb.offsetHeight, 1) * most;
    view.changed();
  });
  thumb.addEventListener("pointerup", () => { from = null; });
}

function showTip(view, event, name) {
  const found = name === "lanes" ? describe(view, event.offsetX, event.offsetY) : null;
  const tip = byId("tip");
  if (!found) return hideTip();
  const [first, ...rest] = found.lines.filter(Boolean);
  tip.replaceChildren(make("b", {}, first), ...rest.map((line) => make("div", {}, line)));
  tip.hidden = false;
  const left = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8);
  const below = event.clientY + 18 + tip.offsetHeight < window.innerHeight;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${below ? event.clientY + 18 : event.clientY - tip.offsetHeight - 10}px`;
}

function hideTip() {
  byId("tip").hidden = true;
}

// ---- keys

function keysOf(view) {
  return {
    ArrowLeft: () => view.pan(-0.15), ArrowRight: () => view.pan(0.15), a: () => view.pan(-0.15), d: () => view.pan(0.15),
    "+": () => view.zoom(0.6), "=": () => view.zoom(0.6), "-": () => view.zoom(1 / 0.6), w: () => view.zoom(0.6), s: () => view.zoom(1 / 0.6),
    0: () => view.whole(), Home: () => view.whole(),
    ArrowUp: () => view.neighbour(-1), ArrowDown: () => view.neighbour(1),
    n: () => view.step(1), p: () => view.step(-1), Enter: () => view.zoomToSelected(), b: () => view.cause(),
    "[": () => view.setSize(view.sizeIndex() - 1), "]": () => view.setSize(view.sizeIndex() + 1),
    "{": () => moveWindow(view, -1), "}": () => moveWindow(view, 1),
    PageUp: () => view.scrollBy(-view.places.room * 0.9), PageDown: () => view.scrollBy(view.places.room * 0.9),
    ",": () => view.setHeight(-1), ".": () => view.setHeight(1),
    t: () => nextTheme(view), "?": () => byId("help").showModal(), Escape: () => view.select(-1),
    "/": () => byId("search").focus(),
  };
}

function moveWindow(view, by) {
  const [a, b] = view.focusWindow(), length = view.size || (view.t1 - view.t0) / 50;
  const time = Math.min(Math.max(view.size ? a + length * (by + 0.5) : b + length * by, 0), view.data.end - 1);
  view.setFocus(time);
  const [from, to] = view.focusWindow();
  if (from < view.t0 || to > view.t1) {
    const half = (view.t1 - view.t0) / 2;
    view.look((from + to) / 2 - half, (from + to) / 2 + half);
  }
  say(`${byId("window-title").textContent}`);
}

function setUpKeys(view) {
  const keys = keysOf(view);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    const target = event.target, typing = target.matches("input[type=search], select");
    if (typing) return;
    // Elements keep the keys they need themselves.
    if (target.matches("input[type=range]") && /^(Arrow|Home|End|Page)/.test(event.key)) return;
    if (target.matches("button, input") && (event.key === "Enter" || event.key === " ")) return;
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

// ---- the rest

function setUpSearch(view) {
  const input = byId("search"), list = byId("found"), { data } = view;
  let found = [], current = 0;
  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (g) => {
    close();
    input.blur();
    view.canvases.lanes.canvas.focus();
    const lives = data.lives;
    if (lives.begin(g) > view.t1 || lives.end(g) < view.t0) view.goTo(lives.begin(g), lives.end(g));
    view.select(g, true);
  };
  const mark = () => {
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === current)));
    const item = list.children[current];
    if (item && item.id) {
      input.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    }
  };
  const show = () => {
    found = findGoroutines(data, input.value);
    current = 0;
    list.replaceChildren(...found.map((g, i) => {
      const item = make("li", { role: "option", id: `found-${i}` }, goroutineName(data, g), make("small", {}, siteText(data, data.site[g])));
      item.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        choose(g);
      });
      return item;
    }));
    if (!found.length) list.append(make("li", { role: "option", "aria-disabled": "true" }, "Nothing found"));
    list.hidden = !input.value.trim();
    input.setAttribute("aria-expanded", String(!list.hidden));
    mark();
  };
  input.addEventListener("input", show);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      current = (current + (event.key === "ArrowDown" ? 1 : -1) + found.length) % Math.max(found.length, 1);
      mark();
    } else if (event.key === "Enter" && found.length) choose(found[current]);
    else if (event.key === "Escape") {
      input.value = "";
      close();
      view.canvases.lanes.canvas.focus();
    }
  });
}

/** By number first, then by name, place, or what they wait for. */
function findGoroutines(data, text, most = 50) {
  const wanted = text.trim().toLowerCase(), found = [];
  if (!wanted) return found;
  const number = wanted.replace(/^g/, "");
  const sites = new Set(data.head.sites.map((site, i) => (site.join(" ").toLowerCase().includes(wanted) ? i : -1)).filter((i) => i > 0));
  const exact = [], others = [];
  for (let g = 0; g < data.count && others.length < most; g++) {
    const name = data.names.get(g), id = String(data.id[g]);
    if (id === number) exact.push(g);
    else if ((number && id.startsWith(number)) || (name && name.toLowerCase().includes(wanted)) || sites.has(data.site[g])) others.push(g);
  }
  if (!exact.length && /^\d+$/.test(number)) {
    const g = data.id.indexOf(Number(number));
    if (g >= 0) exact.push(g);
  }
  return [...exact, ...others].slice(0, most);
}

const THEMES = ["auto", "light", "dark"];

function applyTheme(theme) {
  const dark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.documentElement.dataset.choice = theme;
  const button = byId("theme");
  button.textContent = { auto: "Auto", light: "Light", dark: "Dark" }[theme];
  button.setAttribute("aria-label", `Colour scheme: ${theme === "auto" ? "as the system" : theme}`);
}

function nextTheme(view) {
  const theme = THEMES[(THEMES.indexOf(document.documentElement.dataset.choice) + 1) % THEMES.length];
  applyTheme(theme);
  view.setTheme();
  view.changed({ life: true });
}

function setUpControls(view) {
  byId("size").addEventListener("input", (event) => view.setSize(Number(event.target.value)));
  byId("order").addEventListener("change", (event) => {
    view.order = event.target.value;
    view.arrange();
    view.changed();
  });
  const alive = byId("alive");
  alive.checked = view.aliveOnly;
  alive.addEventListener("change", () => {
    view.aliveOnly = alive.checked;
    view.arrange();
    view.changed();
  });
  const on = (id, action) => byId(id).addEventListener("click", action);
  on("zoom-in", () => view.zoom(0.5));
  on("zoom-out", () => view.zoom(2));
  on("zoom-all", () => view.whole());
  on("lower", () => view.setHeight(-1));
  on("taller", () => view.setHeight(1));
  on("theme", () => nextTheme(view));
  on("open-help", () => byId("help").showModal());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    applyTheme(document.documentElement.dataset.choice);
    view.setTheme();
    view.changed({ life: true });
  });
}

async function start() {
  applyTheme("auto");
  const data = await load();
  showHead(data);
  const view = new View(data);
  setUpPointer(view);
  setUpKeys(view);
  setUpSearch(view);
  setUpControls(view);
  view.resize();
  new ResizeObserver(() => {
    view.resize();
    view.changed();
  }).observe(byId("stage"));
  showSight(view);
  view.changed({ window: true, life: true });
  window.sortie = { data, view };
  document.body.dataset.ready = "true";
}

start().catch((error) => {
  const notes = byId("notes");
  notes.hidden = false;
  notes.append(make("p", {}, `This page could not be shown: ${error.message}. It needs a browser of 2023 or later.`));
  throw error;
});
