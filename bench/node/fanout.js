// The other side of G6 and G7: Node and ws, the usual way to push to dashboards. It is written as
// well as it can be without ideas of ours: each message is encoded once, and the same bytes go to
// every client; "batch" also joins what came within 20 ms.
//
// node fanout.js message|batch CLIENTS RATE SECONDS
"use strict";

const { WebSocketServer } = require("ws");

const [mode, clients, rate, seconds] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
const FLUSH_MS = 20;
let waiting = [];

function sendAll(bytes) {
  for (const client of server.clients) client.send(bytes, { binary: false });
}

function publish(seq) {
  const at = process.hrtime.bigint();
  const message = {
    sessionId: "bench", seq, epoch: 1, type: "new_message",
    message: {
      id: "0193a5c0-0000-7000-8000-000000000000", platformId: null, username: `buyer_${seq % 500}`,
      message: `mine A12 t=${at};`, timestamp: new Date().toISOString(), role: "viewer",
      backlog: false, isBuyer: true, confidence: 0.95, messageType: "direct_purchase",
      intent: "claim", slots: { item: "A12", quantity: 1 }, lot: null,
    },
  };
  const text = JSON.stringify(message);
  if (mode === "batch") waiting.push(text);
  else sendAll(Buffer.from(text));
}

function flush() {
  if (waiting.length === 0) return;
  sendAll(Buffer.from(`[${waiting.join(",")}]`));
  waiting = [];
}

function start() {
  const begun = performance.now();
  const total = rate * seconds;
  let seq = 0;
  if (mode === "batch") setInterval(flush, FLUSH_MS);
  const timer = setInterval(() => {
    const due = Math.min(total, Math.floor(((performance.now() - begun) * rate) / 1000));
    while (seq < due) publish(++seq);
    if (seq >= total) clearInterval(timer);
  }, 1);
}

server.on("connection", () => {
  if (server.clients.size === clients) setTimeout(start, 300);
});
server.on("listening", () => console.log(JSON.stringify({ port: server.address().port })));
process.on("SIGTERM", () => process.exit(0));
