// What stands beside the chat: what is on offer, and signs that the show is not there.

const SETTLED_MS = 300; // "won!" flickers for about 60 ms
const CARD_MS = 200;

let cardText = "";
let cardSince = 0;
let cardSettled = false;

function card() {
  const footer = first(document, "lot_footer");
  const title = footer ? value(document, "lot_title") : "";
  const words = footer ? Array.from(ask(footer, "strong"), (node) => node.textContent.trim()) : [];
  const now = {
    title,
    price: footer ? value(document, "lot_price") : "",
    status: footer ? value(document, "lot_status") : "",
    sold: words.includes("Sold"),
    give: words.some((word) => word === "Giveaway" || word === "Entries"),
    idle: !title || value(document, "bid_button") === "Awaiting next item",
  };
  const text = JSON.stringify(now);
  if (text !== cardText) {
    cardText = text;
    cardSince = performance.now();
    cardSettled = false;
    tell({ k: "card", ...now, settled: false });
  } else if (!cardSettled && performance.now() - cardSince >= SETTLED_MS) {
    cardSettled = true;
    tell({ k: "card", ...now, settled: true });
  }
}

function isEnded() {
  if (first(document, "ended")) return true;
  if (!panel) return false;
  for (const node of ask(panel, "strong")) {
    if (list && list.contains(node)) continue; // anyone can say it in chat
    if (CONFIG.ended.includes(node.textContent.trim().toLowerCase())) return true;
  }
  return false;
}

function sign() {
  const title = document.title.toLowerCase();
  if (CONFIG.challenge.some((words) => title.startsWith(words)) || first(document, "challenge")) {
    return "challenge";
  }
  if (CONFIG.login.some((path) => location.pathname.startsWith(path))) return "login";
  if (!panel && first(document, "login_wall")) return "login";
  return isEnded() ? "ended" : "";
}
