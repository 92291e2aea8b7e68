// Watches a show's page from within and tells what it sees; it never clicks, types or sends.
//
// The five files of this folder run as one function. Its CONFIG comes from the reader: `binding`
// (the function that carries records out), `mark` (our one name on `window`), `fields` (each with
// its selector candidates), and the texts and paths by which walls and ends are known.
//
// A record is one of
//   {k: "row", v, u, t, b, hot, back, skip, late}  a message; v is its place, which only rises
//   {k: "odd", t} · {k: "lost", v}                 a row that is no message · one that stayed empty
//   {k: "tick", on, v, n, rows}                    each second: attached?, last place, count, mounted
//   {k: "card", title, price, status, sold, give, idle, settled}   what is on offer
//   {k: "viewers", t} · {k: "seller", t} · {k: "sign", w, t}       ended, challenge, overlay or ""
//   {k: "match", f, n}                             candidate n found field f

const TICK_MS = 1000;
const SEEK_MS = 50;
const timers = [];

function tick() {
  if (!document.documentElement) return;
  contents = new WeakMap(); // should a change ever have been missed
  const node = locate();
  if (node && node !== list) attach(node);
  else if (node) sweep();
  else if (list && !list.isConnected) list = null;
  const viewers = value(document, "viewers");
  if (viewers) once("viewers", { k: "viewers", t: viewers.slice(0, 40) });
  const seller = value(document, "seller");
  if (seller) once("seller", { k: "seller", t: seller.slice(0, 400) });
  tell({ k: "sign", w: sign(), player: Boolean(first(document, "player")) });
  if (first(document, "overlay")) once("overlay", { k: "sign", w: "overlay" });
  tell({ k: "tick", on: Boolean(list), v: last, n: count, rows: list ? list.children.length : 0 });
}

function begin() {
  timers.push(setInterval(guarded(tick), TICK_MS), setInterval(guarded(card), CARD_MS));
  guarded(tick)();
  timers.push(setInterval(guarded(hasten), SEEK_MS));
}

// The list appears when the page's own program has run, and may be replaced with all around it. A
// tick would notice late: rows leave a fast chat in a fraction of a second.
function hasten() {
  if (list && list.isConnected) return;
  const node = locate();
  if (node) attach(node);
}

if (window[CONFIG.mark]) window[CONFIG.mark].stop();

Object.defineProperty(window, CONFIG.mark, {
  configurable: true,
  enumerable: false,
  value: {
    stop() {
      timers.forEach(clearInterval);
      clearTimeout(retry);
      clearTimeout(bottom);
      if (observer) observer.disconnect();
      list = null;
    },
  },
});

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
