// Pages of `sortie view` in a browser: node view.mjs CHROMIUM SORTIE FOLDER. The folder has
// traces and their pages, see .ci/browser; screenshots go there, too.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";

const [, , executablePath, sortie, folder] = process.argv;

const report = (name, ...more) => execFileSync(sortie, ["report", `${folder}/${name}.trace`, ...more], { encoding: "utf8", maxBuffer: 1 << 28 });

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** What no page may do. */
const problems = [];

/** Opens a page. Whatever it says or asks for is a failure. */
async function open(name, colorScheme = "light", size = { width: 1440, height: 900 }) {
  const page = await browser.newPage({ viewport: size, colorScheme });
  const url = `file://${folder}/${name}.html`;
  page.on("console", (message) => problems.push(`${name} says: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`${name}: ${error.stack}`));
  page.on("request", (request) => {
    if (request.url() !== url) problems.push(`${name} asks for ${request.url()}`);
  });
  await page.goto(url);
  await page.waitForSelector("body[data-ready]", { timeout: 60000 });
  await frame(page);
  return page;
}

/** Waits until what has changed is drawn. */
const frame = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

async function press(page, ...keys) {
  for (const key of keys) await page.keyboard.press(key);
  await frame(page);
}

const shown = (page) => page.evaluate(() => {
  const { view, data } = window.sortie;
  return { t0: view.t0, t1: view.t1, end: data.end, selected: view.selected, part: view.part, size: view.size, scroll: view.scroll };
});

const value = async (page, id) => Number(await page.getAttribute(`#${id}`, "data-value"));

const number = (text, pattern) => {
  const found = text.match(pattern);
  assert.ok(found, `the report has no ${pattern}:\n${text}`);
  return found.slice(1).map(Number);
};

/** Colours of a canvas, and how many pixels have them. */
const colours = (page, id) => page.evaluate((id) => {
  // From a copy: that the canvas is read would change how the browser keeps it.
  const canvas = document.getElementById(id), copy = new OffscreenCanvas(canvas.width, canvas.height);
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const counts = {};
  new Uint32Array(data.buffer).forEach((pixel) => { counts[pixel] = (counts[pixel] || 0) + 1; });
  return counts;
}, id);

const tests = {
  async "figures agree with the report"() {
    for (const name of ["small", "events", "goroutines", "bounded"]) {
      const text = report(name === "bounded" ? "goroutines" : name), page = await open(name);
      const near = async (id, expected) => assert.equal((await value(page, id)).toFixed(2), expected.toFixed(2), `${name} ${id}`);
      const [, most] = number(text, /goroutines +(\d+) made, (\d+) alive at most/);
      const [alive] = number(text, /Concurrency of the program: ([\d.]+) goroutines alive on average/);
      await near("figure-alive", alive);
      assert.match((await page.textContent("#figure-alive")).replace(/\u202f/g, ""), new RegExp(`${most} at most`));
      const [ready] = number(text, /ready to run +([\d.]+)/), [waiting] = number(text, /waiting +([\d.]+)\n/);
      await near("figure-ready", ready);
      await near("figure-waiting", waiting);
      const [parallelism] = number(text, /Parallelism of the run: ([\d.]+) of \d+ processors/);
      await near("figure-parallelism", parallelism);
      await near("figure-wakes", number(text, /made ready +(\d+) times/)[0]);
      // The lanes and curves that are drawn come to the same.
      const drawn = await page.evaluate(() => {
        const { data } = window.sortie, { end } = data, sum = (values) => values.reduce((a, b) => a + b, 0);
        const inLevels = [0, 1, 2, 3].map((kind) => data.levels.until(kind, end) / end);
        const groups = [0, 1, 2, 3].map((kind) => sum(data.groups.map((group) => group.levels.until(kind, end) / end)));
        // By READY, RUNNING, OUTSIDE, WAITING.
        const inLives = [1, 2, 0, 3].map((kind, i) => sum([...data.totals[kind]]) / end + groups[i]);
        let work = 0;
        for (let p = 0; p < data.work.count; p++) {
          for (let i = data.work.first[p]; i < data.work.last(p); i++) {
            if (data.work.kind[i] === 5) work += data.work.start[i + 1] - data.work.start[i];
            if (data.work.kind[i] === 6) work += data.work.mixed[data.work.detail[i]];
          }
        }
        return { inLevels, inLives, work: work / end, end };
      });
      // The report's averages are over the time from main's first step to the last event, the
      // page has all of the recording: before and after that nobody runs, but some wait.
      const [, length, unit] = text.match(/([\d.]+) (ns|µs|ms|s) from the first step to the last/);
      const active = length * { ns: 1, "µs": 1e3, ms: 1e6, s: 1e9 }[unit];
      const all = (part) => part * drawn.end / active, slack = (b) => 0.006 + 0.008 * Math.abs(b);
      const close = (part, b, what) => assert.ok(Math.abs(all(part) - b) <= slack(b), `${name} ${what}: ${all(part)} instead of ${b}`);
      const least = (part, b, what) => assert.ok(all(part) >= b - slack(b), `${name} ${what}: ${all(part)}, less than ${b}`);
      close(drawn.inLevels[0], parallelism, "level of running");
      close(drawn.inLives[0], parallelism, "lives running");
      for (const [i, expected] of [[2, ready], [3, waiting]]) {
        least(drawn.inLevels[i], expected, `level ${i}`);
        least(drawn.inLives[i], expected, `lives ${i}`);
      }
      close(drawn.work, parallelism, "work");
      await page.close();
    }
  },

  async "windows agree with the report"() {
    for (const [name, sizes] of [["small", ["1us", "20us", "1ms", "5ms", "5s"]], ["events", ["5us", "10ms"]], ["goroutines", ["2us", "5ms"]]]) {
      const page = await open(name);
      for (const size of sizes) {
        const text = report(name, "--window", size);
        const nanoseconds = parseFloat(size) * { us: 1e3, ms: 1e6, s: 1e9 }[size.match(/[a-z]+/)[0]];
        await page.evaluate((size) => window.sortie.view.setSize(window.sortie.data.sights.findIndex((sight) => sight.size === size) + 1), nanoseconds);
        const rows = [...text.split("Through windows of")[1].matchAll(/^ +[\d.]+ [nµm]?s +(\d+) +(\d+) +(\d+)$/gm)].map((row) => row.slice(1).map(Number));
        assert.ok(rows.length > 0);
        for (const [index, row] of rows.entries()) {
          await page.evaluate((time) => window.sortie.view.setFocus(time), Math.min(index * nanoseconds + 1, (await shown(page)).end - 1));
          await frame(page);
          const seen = await page.evaluate(() => ({ ...document.getElementById("window-body").dataset }));
          assert.deepEqual([seen.ran, seen.together, seen.overlapped].map(Number), row, `${name}, window ${index} of ${size}`);
        }
        const share = text.match(/In all ([\d.]+) % of the pairs/);
        if (share) assert.equal((100 * await value(page, "figure-pairs")).toFixed(1), share[1]);
        else assert.equal(await page.getAttribute("#figure-pairs", "data-value"), "");
      }
      await page.close();
    }
  },

  async "keys move, zoom, select and find"() {
    const page = await open("small");
    await page.focus("#lanes");
    const all = await shown(page);
    assert.deepEqual([all.t0, all.t1], [0, all.end]);
    await press(page, "+", "w");
    let now = await shown(page);
    assert.ok(now.t1 - now.t0 < 0.4 * all.end);
    for (const [there, back] of [["ArrowRight", "ArrowLeft"], ["d", "a"]]) {
      const before = await shown(page);
      await press(page, there);
      assert.ok((await shown(page)).t0 > before.t0);
      await press(page, back);
      assert.ok(Math.abs((await shown(page)).t0 - before.t0) < 2);
    }
    await press(page, "-", "s");
    assert.ok((await shown(page)).t1 - (await shown(page)).t0 > now.t1 - now.t0);
    await press(page, "0");
    assert.equal((await shown(page)).t1, all.end);
    await press(page, "ArrowDown");
    assert.equal((await shown(page)).selected, 0);
    assert.match(await page.textContent("#goroutine-title"), /Goroutine 1/);
    await press(page, "ArrowDown", "ArrowDown", "ArrowUp");
    assert.equal((await shown(page)).selected, 1);
    assert.match(await page.textContent("#goroutine-body"), /made at.*traced\.rs/);
    assert.match(await page.textContent("#say"), /G2/);
    await press(page, "n", "n");
    const { part } = await shown(page);
    await press(page, "n");
    assert.equal((await shown(page)).part, part + 1);
    await press(page, "p");
    assert.equal((await shown(page)).part, part);
    assert.equal(await page.locator("#goroutine-body [aria-current=true]").count(), 1);
    await press(page, "Enter");
    now = await shown(page);
    assert.ok(now.t1 - now.t0 < all.end / 2);
    await press(page, "b");
    assert.notEqual((await shown(page)).selected, 1);
    await press(page, "]", "]", "[");
    assert.equal((await shown(page)).size, 1000);
    await press(page, "]", "]", "]", "]", "]", "]");
    const title = await page.textContent("#window-title");
    await press(page, "{");
    assert.notEqual(await page.textContent("#window-title"), title);
    await press(page, "}");
    assert.equal(await page.textContent("#window-title"), title);
    await press(page, "Escape");
    assert.equal((await shown(page)).selected, -1);
    await press(page, "?");
    assert.ok(await page.locator("#help").evaluate((dialog) => dialog.open));
    await press(page, "Escape");
    assert.ok(!await page.locator("#help").evaluate((dialog) => dialog.open));
    await press(page, "/");
    await page.keyboard.type("g4");
    assert.equal(await page.locator("#found li").first().getAttribute("aria-selected"), "true");
    await press(page, "Enter");
    assert.equal((await shown(page)).selected, 3);
    await press(page, "/");
    await page.keyboard.type("nowhere at all");
    assert.match(await page.textContent("#found"), /Nothing found/);
    await press(page, "Escape");
    assert.ok(!await page.locator("#found").isVisible());
    // All there is can be reached by Tab, and is seen to be.
    const reached = new Set();
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(() => ({ id: document.activeElement.id, outline: getComputedStyle(document.activeElement).outlineStyle }));
      reached.add(focused.id);
      if (focused.id) assert.notEqual(focused.outline, "none", `${focused.id} shows its focus`);
    }
    for (const id of ["search", "theme", "open-help", "size", "overview", "order", "alive", "zoom-in", "lanes"]) assert.ok(reached.has(id), `Tab reaches ${id}`);
    await page.close();
  },

  async "the pointer tells, zooms and moves"() {
    const page = await open("small");
    const box = await page.locator("#lanes").boundingBox();
    const at = await page.evaluate(() => {
      const { view, data } = window.sortie, g = 3, lives = data.lives;
      let longest = lives.first[g];
      for (let i = longest; i < lives.last(g); i++) if (lives.start[i + 1] - lives.start[i] > lives.start[longest + 1] - lives.start[longest]) longest = i;
      return { x: view.xOf((lives.start[longest] + lives.start[longest + 1]) / 2), y: view.rowTop(view.rowOf[g]) + view.places.lane / 2, work: 24 + 12 };
    });
    await page.mouse.move(box.x + at.x, box.y + at.y);
    await frame(page);
    assert.match(await page.textContent("#tip"), /^G4.*runs on P\d for .*in region count/s);
    await page.mouse.move(box.x + at.x, box.y + at.work);
    await frame(page);
    assert.match(await page.textContent("#tip"), /P0/);
    await page.mouse.click(box.x + at.x, box.y + at.y);
    await frame(page);
    assert.equal((await shown(page)).selected, 3);
    const before = await shown(page);
    await page.mouse.wheel(0, -300);
    await page.waitForFunction((length) => window.sortie.view.t1 - window.sortie.view.t0 < length, before.t1 - before.t0);
    const zoomed = await shown(page);
    await page.mouse.down();
    await page.mouse.move(box.x + at.x - 120, box.y + at.y, { steps: 4 });
    await page.mouse.up();
    await frame(page);
    assert.ok((await shown(page)).t0 > zoomed.t0);
    await press(page, "0");
    await page.mouse.dblclick(box.x + at.x, box.y + at.y);
    await frame(page);
    const close = await shown(page);
    assert.ok(close.t1 - close.t0 < close.end);
    await page.screenshot({ path: `${folder}/pointer.png` });
    await page.close();
  },

  async "a larger window turns concurrency into parallelism"() {
    const page = await open("small");
    const instant = await value(page, "figure-seeming");
    assert.equal(instant.toFixed(6), (await value(page, "figure-parallelism")).toFixed(6));
    const before = await colours(page, "curves"), lanes = await colours(page, "lanes");
    await page.focus("#size");
    let last = 0;
    for (let i = 0; i < 21; i++) {
      await press(page, "ArrowRight");
      const seeming = await value(page, "figure-seeming");
      assert.ok(seeming > 0);
      last = seeming;
    }
    assert.equal((await shown(page)).size, 5e9);
    assert.equal(await page.getAttribute("#size", "aria-valuetext"), "5 s");
    // One window: all five ran in it.
    assert.equal(last, 5);
    assert.match(await page.textContent("#sight"), /Of 10 pairs that seem parallel/);
    assert.equal(await page.locator("#window-body .matrix tr").count(), 5);
    assert.ok(await page.locator("#window-body .matrix .once").count() >= 1);
    assert.ok(await page.locator("#window-body .matrix .seem").count() >= 1);
    assert.notDeepEqual(await colours(page, "curves"), before);
    assert.notDeepEqual(await colours(page, "lanes"), lanes);
    await press(page, "Home");
    assert.equal(await value(page, "figure-seeming"), instant);
    await page.close();
  },

  async "light and dark"() {
    const brightness = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number).reduce((a, b) => a + b) / 3);
    const ground = async (page) => {
      const counts = await colours(page, "lanes");
      const pixel = Number(Object.keys(counts).sort((a, b) => counts[b] - counts[a])[0]);
      return ((pixel & 255) + (pixel >> 8 & 255) + (pixel >> 16 & 255)) / 3;
    };
    for (const [scheme, isDark] of [["light", false], ["dark", true]]) {
      const page = await open("small", scheme);
      assert.equal(await brightness(page) < 128, isDark);
      assert.equal(await ground(page) < 128, isDark);
      await page.evaluate(() => window.sortie.view.setSize(10));
      await press(page, "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown");
      await page.screenshot({ path: `${folder}/${scheme}.png` });
      // As the system, light, dark.
      await press(page, "t");
      assert.ok(await brightness(page) > 128 && await ground(page) > 128);
      await page.click("#theme");
      await frame(page);
      assert.ok(await brightness(page) < 128 && await ground(page) < 128);
      await page.click("#theme");
      await page.emulateMedia({ colorScheme: isDark ? "light" : "dark" });
      await frame(page);
      assert.equal(await brightness(page) < 128, !isDark);
      assert.equal(await ground(page) < 128, !isDark);
      await page.close();
    }
    const narrow = await open("small", "light", { width: 420, height: 800 });
    assert.ok(await narrow.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "nothing sticks out on a narrow screen");
    await narrow.screenshot({ path: `${folder}/narrow.png`, fullPage: true });
    await narrow.close();
  },

  async "what is left out is said"() {
    const page = await open("bounded");
    const notes = (await page.textContent("#notes")).replace(/\u202f/g, "");
    assert.match(notes, /Of 11\d+ goroutines the 500 that ran longest have lanes/);
    assert.match(notes, /what is shorter than .* is drawn together/);
    const sizes = await page.evaluate(() => ({ lanes: window.sortie.data.count, parts: window.sortie.data.lives.pieces + window.sortie.data.work.pieces, groups: window.sortie.data.groups.length }));
    assert.equal(sizes.lanes, 500);
    assert.ok(sizes.parts <= 3000, `${sizes.parts} parts`);
    assert.ok(sizes.groups >= 1);
    await press(page, "PageDown", "PageDown", "+", "ArrowDown", "n", "Enter");
    await page.screenshot({ path: `${folder}/bounded.png` });
    await page.close();
    const whole = await open("small");
    assert.ok(await whole.locator("#notes").isHidden());
    await whole.close();
  },

  async "frames are quick"() {
    for (const name of ["events", "goroutines"]) {
      const page = await open(name);
      // Others may use the machine: the best of three counts.
      let middle = Infinity, most = Infinity;
      for (let round = 0; round < 3 && !(middle < 30 && most < 60); round++) {
        const took = await page.evaluate(frameTimes);
        middle = Math.min(middle, took[took.length >> 1]);
        most = Math.min(most, took[0]);
      }
      console.log(`    ${name}: a frame takes ${middle.toFixed(1)} ms, ${most.toFixed(1)} ms where it takes longest`);
      assert.ok(middle < 30 && most < 60);
      await page.evaluate(() => window.sortie.view.whole());
      await frame(page);
      await page.screenshot({ path: `${folder}/${name}.png` });
      await page.close();
    }
  },
};

/** Milliseconds of a frame, at many zooms and windows, longest first. Runs in the page. */
async function frameTimes() {
  const { view, data } = window.sortie, centre = data.levels.middle(0, data.end), all = [];
  for (const size of [0, 5, 11, 17]) {
    view.setSize(size);
    for (let length = data.end; length > 200; length /= 7) {
      view.look(centre - length / 2, centre + length / 2);
      // The first builds what later ones use.
      view.draw();
      const times = Array.from({ length: 9 }, () => view.draw());
      all.push(times.sort((a, b) => a - b)[4]);
      await new Promise(requestAnimationFrame);
    }
  }
  return all.sort((a, b) => b - a);
}

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    assert.deepEqual(problems.splice(0), []);
    console.log(`ok   ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}\n${error.stack}`);
  }
}
await browser.close();
console.log(failed ? `${failed} failed` : `all ${Object.keys(tests).length} passed`);
process.exit(failed ? 1 : 0);
