// Finds things by the candidates of the data file, and takes the text out of them.

const MAX_TEXT = 12000;
const MAX_DEPTH = 40;

const matched = new Map(); // field -> the candidate that found it last

function found(field, place) {
  if (matched.get(field) !== place) {
    matched.set(field, place);
    tell({ k: "match", f: field, n: place });
  }
}

function candidates(field) {
  return CONFIG.fields[field] || [];
}

function split(candidate) {
  const cut = candidate.lastIndexOf(" @");
  return cut < 0 ? [candidate, ""] : [candidate.slice(0, cut), candidate.slice(cut + 2)];
}

function ask(root, css) {
  try {
    return root.querySelectorAll(css);
  } catch {
    return []; // a browser that does not know the selector
  }
}

function first(root, field) {
  const list = candidates(field);
  for (let place = 0; place < list.length; place++) {
    const nodes = ask(root, split(list[place])[0]);
    if (nodes.length) {
      found(field, place);
      return nodes[0];
    }
  }
  return null;
}

function value(root, field) {
  const list = candidates(field);
  for (let place = 0; place < list.length; place++) {
    const [css, attribute] = split(list[place]);
    for (const node of ask(root, css)) {
      const text = attribute ? node.getAttribute(attribute) : textOf(node);
      if (text && text.trim()) {
        found(field, place);
        return text.trim().slice(0, MAX_TEXT);
      }
    }
  }
  return "";
}

function textOf(node) {
  const parts = [];
  let size = 0;
  (function walk(parent, depth) {
    for (const child of parent.childNodes) {
      if (size > MAX_TEXT || depth > MAX_DEPTH) return;
      let text = "";
      if (child.nodeType === 3) text = child.data;
      else if (child.nodeType !== 1) continue;
      else if (child.tagName === "BR") text = "\n";
      else if (child.tagName === "IMG") text = child.getAttribute("alt") || "";
      else if (child.tagName !== "SCRIPT" && child.tagName !== "STYLE") walk(child, depth + 1);
      size += text.length;
      parts.push(text);
    }
  })(node, 0);
  const text = parts.join("").slice(0, MAX_TEXT + 1).trim();
  return text.toWellFormed ? text.toWellFormed() : text;
}

// The first candidate that finds an element decides, even while that element is still empty:
// otherwise a later candidate would take the name for the message.
function messageOf(row) {
  const list = candidates("message");
  for (let place = 0; place < list.length; place++) {
    const nodes = ask(row, list[place]);
    if (nodes.length) {
      found("message", place);
      return Array.from(nodes, textOf).filter(Boolean).join(" ");
    }
  }
  return "";
}

function badgesOf(row) {
  const names = [];
  for (const candidate of candidates("badges")) {
    const [css, attribute] = split(candidate);
    for (const node of ask(row, css)) {
      const name = attribute ? node.getAttribute(attribute) : textOf(node);
      if (name && names.length < 8) names.push(name.slice(0, 40));
    }
  }
  return names;
}

// Returns what a child of the list holds: a message, or what is none (`odd`), or undefined while
// it may still become one.
function read(child) {
  let row = null;
  const list = candidates("chat_row");
  for (let place = 0; place < list.length && !row; place++) {
    row = child.matches(list[place]) ? child : ask(child, list[place])[0] || null;
    if (row) found("chat_row", place);
  }
  const isForeign = candidates("foreign_row").some((css) => ask(child, css).length);
  const words = row && !isForeign ? "" : child.textContent.trim().slice(0, 120);
  if (isForeign || (!row && words)) return { odd: words };
  if (!row) return undefined;
  const user = value(row, "username");
  const text = messageOf(row);
  if (!user || !text) return undefined;
  const hot = /system-orange/.test(String(row.className)) || undefined;
  return { u: user.slice(0, 400), t: text, b: badgesOf(row), hot };
}
