// The chat as a virtual list: about 20 rows are mounted, the newest at the bottom. Rows leave at
// the top, their nodes are often used again for new rows, and some rows are filled a moment after
// they were mounted. Every message is mounted at least once, however fast they come, as long as
// the list is scrolled to its end.

const ROW_PX = 52;
const MOUNTED = 20;
const BATCH = 12; // rows per turn: fewer than are mounted, so that no row comes and goes in one
const RENDER_MS = 20; // the page changes about this long after the socket's frame
const TURN_MS = 16;
const RECOMMEND_EVERY = 60;
const END_SLACK_PX = 120;

export class ChatList {
  #panel;
  #list;
  #scroller;
  #options;
  #rows = []; // the mounted ones in order: {index, node, entry, timer, filledAt}
  #spare = []; // nodes that left at the top in this turn and may be used again in it
  #waiting = [];
  #seen = new Set();
  #next = 0;
  #turnTimer = null;
  #away = false; // the rows are not mounted for a moment
  #behind = false; // the end was out of sight, or nothing was rendered
  #random = seeded(7);
  #size = new ResizeObserver(() => this.#toEnd());

  constructor(panel, options) {
    this.#panel = panel;
    this.#options = options;
    this.#adopt();
    if (options.decoys) this.#queue({ kind: "language" });
  }

  configure(options) {
    this.#options = { ...this.#options, ...options };
    this.#schedule(RENDER_MS);
  }

  add(message) {
    if (typeof message?.message !== "string" || !message.message) return;
    if (typeof message.user?.username !== "string" || !message.user.username) return;
    if (message.id && this.#seen.has(message.id)) return;
    this.#seen.add(message.id);
    this.#queue({ kind: "chat", message });
    if (this.#options.decoys && this.#seen.size % RECOMMEND_EVERY === 0) {
      this.#queue({ kind: "recommended" });
    }
  }

  joined(user) {
    this.#queue({ kind: "chat", message: { user, message: "joined 👋" } });
  }

  rerender() {
    const rows = this.#rows.splice(0);
    this.#away = true;
    rows.forEach((row) => row.node.remove());
    setTimeout(() => {
      this.#away = false;
      rows.forEach((row) => this.#mount(row.index, row.entry, document.createElement("div")));
      this.#layout();
      this.#schedule(TURN_MS);
    }, RENDER_MS);
  }

  swap(level, restart) {
    const old = { list: this.#list, scroller: this.#scroller, panel: this.#panel }[level];
    const fresh = old.cloneNode(true);
    const rows = this.#rows.splice(0);
    fresh.querySelectorAll("[data-index]").forEach((node) => node.remove());
    old.replaceWith(fresh);
    if (level === "panel") this.#panel = fresh;
    this.#adopt();
    if (restart) this.#next = rows.length;
    rows.forEach((row, place) => {
      const index = restart ? place : row.index;
      this.#mount(index, row.entry, document.createElement("div"));
    });
    this.#layout();
  }

  scrollUp() {
    this.#scroller.scrollTop = Math.max(0, this.#scroller.scrollTop - 600);
  }

  get panel() {
    return this.#panel;
  }

  #adopt() {
    this.#scroller = this.#panel.querySelector('[data-testid="virtuoso-scroller"]');
    this.#list = this.#panel.querySelector('[data-testid="virtuoso-item-list"]');
    this.#scroller.onscroll = () => this.#schedule(TURN_MS);
    this.#size.disconnect();
    this.#size.observe(this.#scroller);
  }

  #queue(entry) {
    this.#waiting.push(entry);
    this.#schedule(RENDER_MS);
  }

  #schedule(ms) {
    if (this.#turnTimer !== null || !this.#waiting.length) return;
    this.#turnTimer = setTimeout(() => {
      this.#turnTimer = null;
      this.#turn();
    }, ms);
  }

  #turn() {
    if (this.#away) return;
    if (this.#options.freeze_dom || !this.#atEnd()) {
      this.#behind = true;
      return;
    }
    if (this.#behind) this.#catchUp();
    this.#evict();
    for (const entry of this.#waiting.splice(0, BATCH)) {
      this.#mount(this.#next++, entry, this.#spare.shift() ?? document.createElement("div"));
    }
    this.#layout();
    this.#schedule(TURN_MS);
  }

  // Whoever was away sees the newest rows only; the others were never mounted.
  #catchUp() {
    this.#behind = false;
    const missed = Math.max(0, this.#waiting.length - MOUNTED);
    this.#waiting.splice(0, missed);
    this.#next += missed;
  }

  #atEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < END_SLACK_PX;
  }

  // Make room at the top. A row that still waits for its text gets it now and leaves next turn.
  #evict() {
    const now = performance.now();
    const room = MOUNTED - Math.min(BATCH, this.#waiting.length);
    while (this.#rows.length > room) {
      const row = this.#rows[0];
      if (row.timer !== null) {
        this.#fill(row, now);
        return;
      }
      if (row.filledAt === now) return;
      this.#rows.shift();
      if (this.#random() < this.#options.reuse_share) this.#spare.push(row.node);
      else row.node.remove();
    }
  }

  #mount(index, entry, node) {
    node.dataset.index = String(index);
    node.dataset.itemIndex = String(index);
    node.dataset.knownSize = String(ROW_PX);
    const row = { index, node, entry, timer: null, filledAt: 0 };
    const isLate = entry.kind === "chat" && this.#random() < this.#options.late_share;
    paint(node, entry, isLate);
    this.#list.append(node);
    this.#rows.push(row);
    if (isLate) row.timer = setTimeout(() => this.#fill(row, 0), 50 + this.#random() * 200);
  }

  #fill(row, now) {
    clearTimeout(row.timer);
    row.timer = null;
    row.filledAt = now;
    writeText(row.node, row.entry);
  }

  #layout() {
    this.#spare.splice(0).forEach((node) => node.remove());
    this.#list.style.paddingTop = `${(this.#rows[0]?.index ?? this.#next) * ROW_PX}px`;
    this.#toEnd();
  }

  #toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }
}

function paint(node, entry, late) {
  if (entry.kind !== "chat") {
    node.replaceChildren(decoy(entry.kind));
    return;
  }
  let row = node.firstElementChild;
  if (row?.dataset.testid !== "chat-message") {
    row = blank();
    node.replaceChildren(row);
  }
  const { user } = entry.message;
  const [link, content] = row.children;
  row.className = entry.message.type === "announcement"
    ? "flex gap-2 text-system-orange-opaque-darker" : "flex gap-2";
  link.setAttribute("href", `/user/${encodeURIComponent(user.username.toWellFormed())}`);
  link.replaceChildren(avatar(user));
  const [head, text] = content.children;
  head.firstElementChild.textContent = user.username;
  while (head.children.length > 1) head.lastElementChild.remove();
  for (const name of badges(user)) head.append(badge(name));
  if (late) text.textContent = "";
  else writeText(node, entry);
}

function writeText(node, entry) {
  const text = node.firstElementChild?.lastElementChild?.lastElementChild;
  if (!text) return;
  const words = entry.message.message;
  const mention = /^@[\w.]{1,40}(?=\s)/.exec(words);
  if (mention) {
    const chip = document.createElement("span");
    chip.className = "bg-neutrals-opaque-200";
    chip.textContent = mention[0];
    text.replaceChildren(chip, words.slice(mention[0].length));
  } else if (text.childNodes.length === 1 && text.firstChild.nodeType === Node.TEXT_NODE) {
    text.firstChild.data = words;
  } else {
    text.textContent = words;
  }
}

function blank() {
  const row = document.createElement("div");
  row.dataset.testid = "chat-message";
  const link = document.createElement("a");
  link.dataset.testid = "chat-message-avatar-link";
  const content = document.createElement("div");
  content.className = "flex flex-col";
  const head = document.createElement("div");
  head.append(document.createElement("strong"));
  content.append(head, document.createElement("strong"));
  row.append(link, content);
  return row;
}

function avatar(user) {
  const url = user.profileImage?.url;
  if (!url || Number(user.id) % 4 === 0) {
    const initial = document.createElement("div");
    initial.className = "rounded-full";
    initial.textContent = [...user.username][0]?.toUpperCase() ?? "?";
    return initial;
  }
  const image = document.createElement("img");
  image.alt = `${user.username} profile image`;
  image.src = url;
  image.srcset = `${url} 64w`;
  return image;
}

function badges(user) {
  const names = [];
  if (user.isHost) names.push("Host");
  if (user.isNominatedModerator || user.isModerator) names.push("Mod");
  if (user.isBooster) names.push("Booster");
  return names;
}

function badge(name) {
  const image = document.createElement("img");
  image.alt = name;
  image.className = "badge";
  const width = 12 + 6 * name.length;
  const colour = name === "Host" ? "#c98a00" : "#5a4bd6";
  const words = '<text x="50%" y="11" text-anchor="middle" font-family="sans-serif" '
    + `font-size="10" fill="#fff">${name}</text>`;
  image.src = `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="14">`
    + `<rect width="${width}" height="14" rx="5" fill="${colour}"/>${words}</svg>`,
  )}`;
  return image;
}

function decoy(kind) {
  const card = document.createElement(kind === "language" ? "div" : "a");
  card.className = "card flex gap-2";
  if (kind === "recommended") card.href = "/live/5c3f0d52-3b0e-4c55-9d3a-7f8e2a51c001";
  const name = kind === "language" ? "English" : "retro_rita";
  const text = kind === "language" ? "British English" : "Sold! 90s band tees from $1";
  card.innerHTML = '<div class="flex flex-col"><div><strong></strong></div><strong></strong></div>';
  const [first, second] = card.querySelectorAll("strong");
  first.textContent = kind === "language" ? `${name}:` : name;
  second.textContent = text;
  return card;
}

// Mulberry32: the same page makes the same choices each time.
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
