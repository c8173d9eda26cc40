// The pages of the tour in a browser: nothing fails, nothing is loaded, nothing is wider than the
// window, the keys work.
//
//   node tour.mjs CHROMIUM FOLDER

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, folder] = process.argv.slice(2);
const url = (name) => pathToFileURL(join(folder, name)).href;
const check = (fact, what) => {
  if (!fact) throw new Error(what);
};

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const names = readdirSync(folder).filter((name) => name.endsWith(".html"));
  check(names.length > 25, `only ${names.length} pages`);
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 420]) {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
      const page = await context.newPage();
      const problems = [];
      page.on("pageerror", (error) => problems.push(String(error)));
      page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
      page.on("request", (request) => {
        if (!request.url().startsWith("file:")) problems.push(`asks for ${request.url()}`);
      });
      for (const name of names) {
        await page.goto(url(name));
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        check(wide <= 0, `${name} is ${wide} px wider than ${width}`);
        // Text of each kind can be read on what is behind it.
        const contrast = await page.evaluate(() => {
          const numbers = (color) => color.match(/[\d.]+/g).map(Number);
          const light = (color) => {
            const [r, g, b] = numbers(color).map((part) => {
              const share = part / 255;
              return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const ground = light(getComputedStyle(document.body).backgroundColor);
          let least = 21;
          for (const part of document.querySelectorAll("p, h1, h2, pre span, nav a:not([aria-current]), dd, .timeline text")) {
            const style = getComputedStyle(part);
            const text = light(part.closest("svg") ? style.fill : style.color);
            const ratio = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
            if (part.className !== "line" && ratio < least) least = ratio;
          }
          return least;
        });
        check(contrast > 3, `${name}: contrast of ${contrast.toFixed(2)} in ${colorScheme}`);
      }
      check(problems.length === 0, problems.join("\n"));
      await context.close();
    }
  }

  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.goto(url("index.html"));
  await page.keyboard.press("ArrowRight");
  await page.waitForURL(url("concurrency.html"));
  await page.keyboard.press("ArrowRight");
  await page.waitForURL(url("parallelism.html"));
  await page.keyboard.press("ArrowLeft");
  await page.waitForURL(url("concurrency.html"));
  // A goroutine under the pointer stands out in its own row, too.
  await page.locator("svg.timeline g[data-g='1']").first().hover();
  check((await page.locator("svg.timeline.chosen").count()) === 1, "nothing stands out");
  check((await page.locator("svg.timeline g.on").count()) === 1, "its row does not stand out");
  // All can be reached by the keyboard, the first thing being the way past the chapters.
  await page.keyboard.press("Tab");
  check((await page.evaluate(() => document.activeElement.className)) === "skip", "no way past the chapters");
  // From a chapter to the run's own timeline, which draws itself.
  await page.getByRole("link", { name: "Open the timeline" }).first().click();
  await page.waitForURL(/timelines\/concurrency-1\.html$/);
  check((await page.locator("canvas").count()) > 0, "the timeline has no picture");
  console.log(`tour: ${names.length} pages`);
} finally {
  await browser.close();
}
