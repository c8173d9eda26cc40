"use strict";
// Left and right go from chapter to chapter.
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  // Where something scrolls the keys scroll it.
  const focused = document.activeElement;
  if (focused && focused.scrollWidth > focused.clientWidth) return;
  const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  const link = rel && document.querySelector(`a[rel=${rel}]`);
  if (link) link.click();
});
// The goroutine under the pointer stands out wherever it is.
for (const picture of document.querySelectorAll("svg.timeline")) {
  const choose = (id) => {
    picture.classList.toggle("chosen", id !== null);
    for (const part of picture.querySelectorAll("[data-g]")) {
      part.classList.toggle("on", part.dataset.g === id);
    }
  };
  picture.addEventListener("pointerover", (event) => {
    const part = event.target.closest("[data-g]");
    choose(part ? part.dataset.g : null);
  });
  picture.addEventListener("pointerleave", () => choose(null));
}
