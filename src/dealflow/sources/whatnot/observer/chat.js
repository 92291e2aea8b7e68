// The chat: a virtual list whose rows come, change, and leave again.

const HOLD_MS = 1000; // rows behind an unfilled one wait this long, so that order is kept
const GIVE_UP_MS = 3000; // an unfilled row is looked at again for this long
const RETRY_MS = 40;
const BOTTOM_MS = 50;
const BACKLOG_MS = 3000; // a list that fills this soon after it was found shows old messages
const OPENING_MS = 300; // and they may come in several turns
const MEMORY = 300; // rows remembered, to find the place again in a new list

let panel = null;
let list = null;
let scroller = null;
let observer = null;
let retry = 0;
let bottom = 0;
let attachedAt = 0;
let fresh = true; // nothing was read from this list yet, or its old messages still come
let openedAt = 0; // when its first message was seen
let offset = 0; // what makes a list's own index our place
let last = -1; // the highest place that was passed
let count = 0;
let everAttached = false;
const memory = new Map(); // place -> key, oldest first
let contents = new WeakMap(); // child of the list -> what it holds, until it changes
const unfilled = new Map(); // place -> when it was first seen empty
const ready = new Map(); // place -> what stands there, while a row before it is unfilled

function locate() {
  panel = first(document, "chat_panel");
  let best = null;
  for (const css of candidates("chat_list")) {
    for (const node of ask(panel || document, css)) {
      const speaks = candidates("chat_row").some((row) => ask(node, row).length);
      if (speaks) return node;
      // Without a panel only a list that holds messages is surely the chat's.
      if (panel && !best) best = node;
    }
  }
  return best;
}

function attach(node) {
  if (observer) observer.disconnect();
  list = node;
  candidates("chat_list").some((css, place) => {
    if (!node.matches(css)) return false;
    found("chat_list", place);
    return true;
  });
  scroller = (panel && first(panel, "chat_scroller")) || scrollerOf(node);
  attachedAt = performance.now();
  fresh = true;
  openedAt = 0;
  observer = new MutationObserver(guarded(changed));
  observer.observe(panel || node.parentElement || node, {
    attributes: true,
    attributeFilter: ["data-index", "data-item-index", "href", "alt"],
    characterData: true,
    childList: true,
    subtree: true,
  });
  sweep();
}

function scrollerOf(node) {
  for (let up = node.parentElement; up; up = up.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(up).overflowY)) return up;
  }
  return null;
}

// Reading every row at each change would keep the page, and so its sockets, waiting.
function changed(records) {
  for (const record of records) {
    let node = record.target;
    while (node && node.parentNode !== list) node = node.parentNode;
    if (node) contents.delete(node);
  }
  if (!list || !list.isConnected) {
    const node = locate();
    if (node && node !== list) return attach(node);
    if (!node) return;
  }
  sweep();
}

function mounted() {
  const rows = [];
  let place = 0;
  for (const child of list.children) {
    const raw = child.getAttribute("data-index") ?? child.getAttribute("data-item-index");
    const index = raw === null ? place : Number(raw);
    if (Number.isSafeInteger(index)) rows.push({ d: index, el: child });
    place += 1;
  }
  return rows.sort((a, b) => a.d - b.d);
}

function keyOf(content) {
  return content && content.odd === undefined ? content.u + "\n" + content.t : null;
}

// Places stay true while rows that we know stand where they stood. A list that was made anew, or
// that drops its oldest rows and counts from nought again, has moved: find by how much.
function realign(rows) {
  if (!memory.size) return true;
  let same = 0;
  let other = 0;
  for (const row of rows) {
    const key = memory.get(row.d + offset);
    const now = keyOf(row.content);
    if (key === undefined || now === null) continue;
    if (key === now) same += 1;
    else other += 1;
  }
  if (!rows.some((row) => keyOf(row.content))) return true;
  const head = rows[0].d + offset;
  const tail = rows[rows.length - 1].d + offset;
  if (other === 0 && (same > 0 || (!fresh && tail > last))) return true;
  if (other === 0 && head > last && head - last < MEMORY) return true; // it goes on counting
  const places = new Map();
  for (const [place, key] of memory) places.set(key, [...(places.get(key) || []), place]);
  const votes = new Map();
  for (const row of rows) {
    for (const place of places.get(keyOf(row.content)) || []) {
      const shift = place - row.d;
      votes.set(shift, (votes.get(shift) || 0) + 1);
    }
  }
  let best = offset;
  for (const [shift, sum] of votes) {
    const top = votes.get(best) || 0;
    if (sum > top || (sum === top && best !== offset && shift > best)) best = shift;
  }
  const sum = votes.get(best) || 0;
  if (sum * 2 >= same + other && sum > 0) {
    if (offset !== best) {
      ready.clear();
      unfilled.clear();
    }
    offset = best;
    return true;
  }
  if (same > other) return true; // a row was edited or taken away, no more
  ready.clear();
  unfilled.clear();
  offset = last + 1 - rows[0].d;
  return false;
}

function sweep() {
  if (!list) return;
  const rows = mounted();
  if (!rows.length) return;
  for (const row of rows) {
    const known = contents.get(row.el);
    row.content = known && known.d === row.d ? known.content : read(row.el);
    if (row.content !== undefined) contents.set(row.el, { d: row.d, content: row.content });
  }
  const placed = realign(rows);
  const first = fresh;
  const now = performance.now();
  const speaking = rows.filter((row) => keyOf(row.content)).length;
  if (!openedAt && speaking) openedAt = now;
  const back = first && (!everAttached || !placed) &&
    (openedAt - attachedAt < BACKLOG_MS || speaking > 1 || now > openedAt);
  const here = new Set();
  for (const row of rows) {
    const place = row.d + offset;
    here.add(place);
    if (place <= last) {
      if (unfilled.has(place)) refill(place, row.content);
    } else if (row.content !== undefined) {
      ready.set(place, row.content);
      unfilled.delete(place);
    } else if (!ready.has(place) && !unfilled.has(place)) {
      unfilled.set(place, now);
    }
  }
  const torn = placed || first ? 0 : 1; // nothing on screen is known: rows went by unseen
  const held = release(here, { back: back || undefined }, first && !everAttached, torn);
  forget(here);
  // Old messages that came with the list are one set; what comes after is new.
  if (first && !held && openedAt && (everAttached || now - openedAt >= OPENING_MS)) {
    fresh = false;
    everAttached = true;
  }
  if (!bottom) bottom = setTimeout(stayAtBottom, BOTTOM_MS);
  if ((held || unfilled.size) && !retry) {
    retry = setTimeout(() => {
      retry = 0;
      sweep();
    }, RETRY_MS);
  }
}

// Passes rows on in order, up to one that may still get its text. What stands behind it is kept,
// so that it is not lost when it leaves the page meanwhile. Returns whether a row is waited for.
function release(here, extra, opening, torn) {
  const places = [...ready.keys(), ...unfilled.keys()].filter((place) => place > last);
  for (const place of places.sort((a, b) => a - b)) {
    if (!ready.has(place) && here.has(place) && !isOver(place, HOLD_MS)) return true;
    const skip = (opening || last < 0 ? 0 : place - last - 1) + torn;
    torn = 0;
    last = place;
    if (!ready.has(place)) continue; // looked at again, out of order, while it is `unfilled`
    const content = ready.get(place);
    ready.delete(place);
    if (content.odd === undefined) emit(place, content, { ...extra, skip: skip || undefined });
    else tell({ k: "odd", t: content.odd });
  }
  return false;
}

function isOver(place, limit) {
  return performance.now() - unfilled.get(place) >= limit;
}

function refill(place, content) {
  if (content && content.odd === undefined) {
    unfilled.delete(place);
    emit(place, content, { late: true });
  } else if (content || isOver(place, GIVE_UP_MS)) {
    unfilled.delete(place);
    tell({ k: "lost", v: place });
  }
}

function emit(place, content, extra) {
  count += 1;
  memory.set(place, keyOf(content));
  if (memory.size > MEMORY) memory.delete(memory.keys().next().value);
  tell({ k: "row", v: place, ...content, ...extra });
}

// Rows that left the page before their text came.
function forget(here) {
  for (const place of unfilled.keys()) {
    if (place > last || here.has(place)) continue;
    unfilled.delete(place);
    tell({ k: "lost", v: place });
  }
}

// Asking where the list stands costs a layout, so it is not asked at each change.
function stayAtBottom() {
  bottom = 0;
  if (!scroller) return;
  if (scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight > 4) {
    scroller.scrollTop = scroller.scrollHeight;
  }
}
