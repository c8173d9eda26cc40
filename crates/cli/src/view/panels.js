// What stands beside the pictures, as text: figures, the window, a goroutine's life.

/** An element with attributes and children. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "click") element.addEventListener("click", value);
    else if (key === "style") element.style.cssText = value;
    else if (value !== false && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

function byId(id) {
  return document.getElementById(id);
}

/** A number of goroutines. */
function amount(number) {
  return number >= 1000 ? grouped(number) : number.toFixed(2);
}

function percent(share) {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "–";
}

function showHead(data) {
  const { head } = data;
  byId("about").textContent = [
    `${head.program} ${head.arguments}`.trim(),
    duration(head.end), `${grouped(head.events)} events`, `${head.threads} threads`,
  ].filter(Boolean).join(" · ");
  const notes = byId("notes");
  notes.hidden = !head.notes.length;
  notes.append(...head.notes.map((note) => make("p", {}, note)));
  const figure = (id, kind, value, small, name, exact) => make("div", { class: `figure ${kind}`, id, "data-value": exact },
    make("b", {}, value, make("small", {}, small)), make("span", {}, name));
  byId("figures").append(
    figure("figure-alive", "", amount(head.alive), "", `alive, ${grouped(head.mostAlive)} at most`, head.alive),
    figure("figure-ready", "", amount(head.ready), "", "ready, on average", head.ready),
    figure("figure-waiting", "", amount(head.waiting), "", "waiting, on average", head.waiting),
    figure("figure-parallelism", "parallel", head.parallelism.toFixed(2), ` of ${head.utilisation.length}`, "Ps busy: parallelism", head.parallelism),
    figure("figure-seeming", "seeming", "–", "", "seem parallel in windows", ""),
    figure("figure-pairs", "", "–", "", "pairs that really overlapped", ""),
    figure("figure-wakes", "", grouped(head.wakes), "", "times made ready", head.wakes),
  );
  byId("size").max = data.sights.length;
}

/** What the window's size comes to, over the whole run. */
function showSight(view) {
  const { data, sight } = view, { head } = data;
  const slider = byId("size");
  slider.value = sight ? data.sights.indexOf(sight) + 1 : 0;
  slider.setAttribute("aria-valuetext", view.sizeText());
  byId("size-text").textContent = sight ? view.sizeText() : "instant";
  const text = byId("sight"), seeming = byId("figure-seeming"), pairs = byId("figure-pairs");
  const set = (figure, value, name, exact) => {
    figure.dataset.value = exact;
    figure.firstChild.textContent = value;
    figure.lastChild.textContent = name;
  };
  const strong = (value) => make("b", {}, value);
  text.replaceChildren();
  const span = make("span");
  text.append(span);
  if (!sight) {
    set(seeming, head.parallelism.toFixed(2), "parallel at an instant", head.parallelism);
    set(pairs, "–", "pairs that really overlapped", "");
    span.append("At an instant ", strong(head.parallelism.toFixed(2)), ` of ${head.utilisation.length} processors are busy, on average: that is the parallelism of the run. `
      + "Make the window larger, and what takes turns seems to run in parallel.");
    return;
  }
  const mean = sight.windows ? sight.ran / sight.windows : 0;
  set(seeming, amount(mean), `seem parallel, ${grouped(sight.most)} at most`, mean);
  set(pairs, sight.together ? percent(sight.overlapped / sight.together) : "–", "pairs that really overlapped", sight.together ? sight.overlapped / sight.together : "");
  span.append("Through windows of ", strong(view.sizeText()), ", ", strong(amount(mean)), " goroutines on average",
    sight.most > 1 ? ` and ${grouped(sight.most)} at most` : "", " seem to run in parallel; at an instant it is ", strong(head.parallelism.toFixed(2)), ". ");
  if (sight.together) {
    span.append("Of ", strong(grouped(sight.together)), sight.together === 1 ? " pair that seems" : " pairs that seem", " parallel, ", strong(percent(sight.overlapped / sight.together)),
      " ran at the same instant.");
  } else {
    span.append("No two run in the same window.");
  }
}

/** The window that was clicked: who ran in it, and with whom. */
function showWindow(view) {
  const { data } = view, [a, b] = view.focusWindow(), seen = seenThrough(data, a, b, view.sight);
  const short = (time) => stamp(data, time).replace(/\.?0+ /, " ");
  byId("window-title").textContent = view.size ? `In the window from ${short(a)} to ${short(b)}` : `At the instant ${stamp(data, a)}`;
  const body = byId("window-body");
  body.dataset.ran = seen.ran;
  body.dataset.together = seen.together;
  body.dataset.overlapped = seen.overlapped;
  body.dataset.start = a;
  if (!Number.isFinite(seen.ran)) {
    body.replaceChildren(make("p", {}, "What happened here is drawn together, so who ran cannot be told one by one. The figures above, of the whole run, are exact."));
    return;
  }
  const strong = (value) => make("b", {}, grouped(value));
  const text = make("p", {}, strong(seen.ran), seen.ran === 1 ? " goroutine ran" : " goroutines ran");
  if (view.size && seen.ran > 1) {
    text.append(", which makes ", strong(seen.together), seen.together === 1 ? " pair that seems" : " pairs that seem", " parallel; ", strong(seen.overlapped), " ran at the same instant");
  }
  text.append(seen.exact ? "." : ", at least: some are drawn together.");
  body.replaceChildren(text);
  if (!seen.members || !seen.members.length) return;
  const members = seen.members.filter((member) => member.goroutine >= FIRST).slice(0, 12);
  const table = make("table", { class: "matrix", "aria-label": "Which goroutines ran together" });
  members.forEach((member, i) => {
    const place = member.goroutine - FIRST, name = goroutineName(data, place);
    const row = make("tr", {}, make("th", { scope: "row" }, make("button", { title: `${name}: ran ${duration(member.ran)}`, click: () => view.select(place) }, name)));
    members.forEach((other, j) => {
      if (j > i) return;
      const once = seen.pairs.has(pairKey(member.goroutine, other.goroutine));
      const kind = i === j ? "self" : once ? "once" : "seem";
      const what = i === j ? `${name} itself` : `${name} and ${goroutineName(data, other.goroutine - FIRST)}: ${once ? "ran at the same instant" : "only seem parallel"}`;
      row.append(make("td", { class: kind, title: what, "aria-label": what }));
    });
    table.append(row);
  });
  body.append(table);
  if (members.length > 1) {
    body.append(make("p", { class: "swatches" }, make("span", {}, make("i", { style: "background:var(--busy)" }), "at the same instant"),
      make("span", {}, make("i", { style: "background:color-mix(in srgb, var(--seeming) 22%, var(--card))" }), "only seem parallel")));
  }
  if (seen.ran > members.length) body.append(make("p", {}, `and ${grouped(seen.ran - members.length)} more, which ran less`));
}

/** What a part of a life is, in words. */
function partText(data, g, i) {
  const lives = data.lives, detail = lives.detail[i], time = duration(lives.start[i + 1] - lives.start[i]);
  switch (lives.kind[i]) {
    case RUNNING: return [`runs on P${detail} for ${time}`, ""];
    case OUTSIDE: return [`runs without a processor for ${time}`, "in the kernel, or computing for long"];
    case READY: {
      if (i === lives.first[g] && data.flags[g] & 1) return [`made, and ready for ${time}`, detail ? `by ${whoIs(data, detail)}` : ""];
      if (detail - FIRST === g) return [`lets others run, ready for ${time}`, ""];
      return [`ready for ${time}`, `made ready by ${whoIs(data, detail)}`];
    }
    case WAITING: {
      const [reason, place, origin] = data.head.sites[detail] || ["unknown", "", ""];
      return [`waits for ${time}: ${reason}`, [place && `at ${place}`, origin && `channel made at ${origin}`].filter(Boolean).join(", ")];
    }
    case MANY: {
      const m = lives.mixed.slice(detail, detail + 5);
      const shares = [["running", 0], ["without a processor", 1], ["ready", 2], ["waiting", 3]].filter(([, k]) => m[k]).map(([name, k]) => `${name} ${duration(m[k])}`);
      return [`many parts in ${time}: ${shares.join(", ")}`, m[4] === 1 ? "ran once" : `ran ${grouped(m[4])} times`];
    }
  }
  return ["", ""];
}

const PARTS_SHOWN = 100;

/** A goroutine's life, as text. */
function showGoroutine(view) {
  const { data } = view, g = view.selected, body = byId("goroutine-body"), title = byId("goroutine-title");
  body.dataset.goroutine = g < 0 ? "" : data.id[g];
  if (g < 0) {
    title.textContent = "Goroutine";
    body.replaceChildren(make("p", {}, "Select one by a click, by the arrow keys, or by its number with /, to read its life."));
    return;
  }
  title.textContent = `Goroutine ${data.id[g]}${data.names.get(g) ? ` · ${data.names.get(g)}` : ""}`;
  const lives = data.lives, first = lives.first[g], last = lives.last(g);
  const [begin, end] = [lives.begin(g), lives.end(g)], life = Math.max(end - begin, 1);
  const link = (number) => (number >= FIRST ? make("button", { click: () => view.select(number - FIRST, true) }, whoIs(data, number)) : whoIs(data, number));
  const facts = make("dl", { class: "facts" });
  const fact = (name, ...value) => facts.append(make("dt", {}, name), make("dd", {}, ...value));
  const place = siteText(data, data.site[g]);
  if (place && place !== "unknown") fact("made at", place);
  fact("made by", data.creator[g] === NOBODY ? "no goroutine" : link(data.creator[g]));
  fact("lived", `${data.flags[g] & 1 ? stamp(data, begin) : "before the trace"} … ${data.flags[g] & 2 ? stamp(data, end) : "after it"} (${duration(end - begin)})`);
  const total = (kind) => `${duration(data.totals[kind][g])} (${percent(data.totals[kind][g] / life)})`;
  fact("running", `${total(RUNNING)}, ${data.turns[g] === 1 ? "once" : `${grouped(data.turns[g])} times`}`);
  if (data.totals[OUTSIDE][g]) fact("without a P", total(OUTSIDE));
  fact("ready", total(READY));
  fact("waiting", total(WAITING));
  const share = make("div", { class: "share", "aria-hidden": "true" });
  for (const [kind, colour] of [[RUNNING, view.colourText(g)], [OUTSIDE, "var(--outside)"], [READY, "var(--ready)"], [WAITING, "var(--waiting)"]]) {
    share.append(make("span", { style: `width:${100 * data.totals[kind][g] / life}%;background:${colour}` }));
  }
  const list = make("ol", { class: "life", "aria-label": "Its life" });
  const centre = view.part >= first && view.part < last ? view.part : Math.max(first, Math.min(lives.find(g, Math.max(view.t0, begin)), last - 1));
  let from = Math.max(first, Math.min(centre - 10, last - PARTS_SHOWN)), to = Math.min(last, from + PARTS_SHOWN);
  const notes = (data.messagesOf.get(g) || []).filter((m) => m.time >= lives.start[from] && m.time <= lives.start[to]);
  let note = 0;
  const message = () => {
    const m = notes[note++], texts = data.head.texts;
    return make("li", {}, make("button", { click: () => view.goTo(m.time, m.time) }, make("time", {}, stamp(data, m.time)), `◆ ${texts[m.category] ? `${texts[m.category]}: ` : ""}`, texts[m.text]));
  };
  for (let i = from; i < to; i++) {
    const [what, more] = partText(data, g, i), kind = lives.kind[i];
    const colour = { [RUNNING]: view.colourText(g), [OUTSIDE]: "var(--outside)", [READY]: "var(--ready)", [WAITING]: "var(--waiting)" }[kind] || "var(--faint)";
    list.append(make("li", {}, make("button", { "aria-current": i === view.part ? "true" : undefined, click: () => view.selectPart(i, true) },
      make("time", {}, stamp(data, lives.start[i])), make("i", { style: `background:${colour}` }), what, more ? make("br") : "", make("small", {}, more))));
    while (note < notes.length && notes[note].time < lives.start[i + 1]) list.append(message());
  }
  while (note < notes.length) list.append(message());
  const more = make("p", { class: "more" });
  if (to - from < last - first) {
    more.append(`parts ${grouped(from - first + 1)} to ${grouped(to - first)} of ${grouped(last - first)} `,
      make("button", { click: () => view.selectPart(Math.max(first, from - PARTS_SHOWN + 11)) }, "earlier"),
      make("button", { click: () => view.selectPart(Math.min(last - 1, to + 9)) }, "later"));
  }
  const regions = data.regionsOf.get(g) || [];
  const regionList = regions.length ? make("p", {}, `Regions: ${regions.slice(0, 8).map((r) => `${data.head.texts[r.name]} (${duration(r.length)})`).join(", ")}${regions.length > 8 ? ` and ${regions.length - 8} more` : ""}`) : "";
  body.replaceChildren(facts, share, regionList, more, list);
  const current = list.querySelector("[aria-current]");
  if (current) {
    const pane = byId("goroutine");
    pane.scrollTop = Math.max(0, current.offsetTop - pane.offsetTop - pane.clientHeight / 2);
  }
}

/** What is under the pointer, in lines. */
function describe(view, x, y) {
  const { data, places } = view, time = view.timeOf(x);
  if (x < GUTTER || time < 0 || time > data.end) return null;
  const work = data.work, p = Math.floor((y - AXIS) / places.workHeight);
  if (y >= AXIS && p < work.count) return describeWork(view, p, time);
  if (y >= places.tasksTop && y < places.headingTop) {
    const task = (view.taskRows[Math.floor((y - places.tasksTop) / 18)] || []).find((t) => t.start <= time && time <= t.start + t.length);
    return task && { lines: [`Task ${data.head.texts[task.name]}`, `${duration(task.length)}, from ${stamp(data, task.start)}`], from: task.start, to: task.start + task.length };
  }
  const row = view.rowAt(y);
  if (row < 0) return null;
  const g = view.rows[row];
  if (g >= data.count) {
    const group = data.groups[g - data.count], step = (view.t1 - view.t0) / view.plot;
    const [running, outside, ready, waiting] = [0, 1, 2, 3].map((kind) => group.levels.average(kind, time, time + step).toFixed(2));
    return { lines: [`${grouped(group.members)} goroutines made at ${siteText(data, group.site)}`, `running ${running}, without a processor ${outside}, ready ${ready}, waiting ${waiting}`] };
  }
  return describeLife(view, g, time);
}

function describeWork(view, p, time) {
  const { data } = view, work = data.work, i = nearest(view, work, p, time), kind = work.kind[i];
  const [from, to] = [work.start[i], work.start[i + 1]];
  const when = `${duration(to - from)}, from ${stamp(data, from)}`;
  if (kind === TURN) {
    const number = work.detail[i], g = number - FIRST;
    const place = g >= 0 ? siteText(data, data.site[g]) : "";
    return { lines: [`${number >= FIRST ? goroutineName(data, g) : "A goroutine without a lane"} on P${p}`, when, place && `made at ${place}`], goroutine: g, from, to };
  }
  if (kind === MANY) {
    const m = work.detail[i];
    return { lines: [`P${p}: ${grouped(work.mixed[m + 4])} turns`, when, `busy ${percent(work.mixed[m] / (to - from))}`], from, to };
  }
  return { lines: [`P${p} idle`, when], from, to };
}

function describeLife(view, g, time) {
  const { data } = view, lives = data.lives, lines = [goroutineName(data, g)];
  if (time < lives.begin(g) || time > lives.end(g)) return { lines: [...lines, time < lives.begin(g) ? "not made yet" : "has ended"], goroutine: g };
  const i = nearest(view, lives, g, time), [what, more] = partText(data, g, i);
  lines.push(what, more, `from ${stamp(data, lives.start[i])}`);
  for (const region of data.regionsOf.get(g) || []) {
    if (region.start <= time && time <= region.start + region.length) lines.push(`in region ${data.head.texts[region.name]} (${duration(region.length)})`);
  }
  const near = 5 * (view.t1 - view.t0) / view.plot;
  for (const message of data.messagesOf.get(g) || []) {
    if (Math.abs(message.time - time) <= near) lines.push(`◆ ${data.head.texts[message.category]} ${data.head.texts[message.text]}`);
  }
  return { lines, goroutine: g, part: i, from: lives.start[i], to: lives.start[i + 1] };
}

/** The part at a time; or a short one next to it that runs, within two pixels. */
function nearest(view, lanes, lane, time) {
  const i = Math.min(lanes.find(lane, time), Math.max(lanes.last(lane) - 1, lanes.first[lane]));
  const near = 2 * (view.t1 - view.t0) / view.plot;
  const quiet = (k) => k === WAITING || k === IDLE;
  if (!quiet(lanes.kind[i])) return i;
  if (i + 1 < lanes.last(lane) && lanes.start[i + 1] - time < near && !quiet(lanes.kind[i + 1])) return i + 1;
  if (i > lanes.first[lane] && time - lanes.start[i] < near && !quiet(lanes.kind[i - 1])) return i - 1;
  return i;
}
