// A Phoenix channel client (serializer version 2), as the platform's own page has one: it joins,
// sends heartbeats, and opens its socket again with back-off when it is lost.

const HEARTBEAT_MS = 10_000;
const SILENCE_MS = 20_000;
const BACKOFF_MS = 500;
const BACKOFF_LIMIT_MS = 8_000;

export class PhoenixSocket {
  #path;
  #topics;
  #onFrame;
  #socket = null;
  #ref = 0;
  #joins = new Map();
  #attempts = 0;
  #heard = 0;
  #timer = null;

  constructor(path, topics, onFrame) {
    this.#path = path;
    this.#topics = topics;
    this.#onFrame = onFrame;
    this.#open();
  }

  async #token() {
    try {
      const answer = await fetch("/services/live/socket/session");
      return (await answer.json()).csrf_token ?? "";
    } catch {
      return "";
    }
  }

  async #open() {
    const query = new URLSearchParams({
      _csrf_token: await this.#token(),
      client_layer: "nextjs",
      client_type: "web",
      client_version: "20261120-1400",
      live_version: "v2",
      locale: "en-US",
      token: "",
      vsn: "2.0.0",
    });
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${this.#path}?${query}`);
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    socket.onmessage = (event) => this.#heardText(event.data);
    socket.onclose = () => this.#lost(socket);
  }

  #opened() {
    this.#heard = performance.now();
    this.#topics.forEach((topic) => this.#join(topic));
    this.#timer = setInterval(() => this.#beat(), HEARTBEAT_MS);
  }

  #join(topic) {
    const ref = String(++this.#ref);
    this.#joins.set(topic, ref);
    this.#send([ref, ref, topic, "phx_join", {}]);
  }

  #beat() {
    if (performance.now() - this.#heard > SILENCE_MS) this.#socket.close();
    else this.#send([null, String(++this.#ref), "phoenix", "heartbeat", {}]);
  }

  #send(frame) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #heardText(data) {
    this.#heard = performance.now();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (!Array.isArray(frame) || frame.length !== 5) return;
    const [joinRef, , topic, event, payload] = frame;
    if (event === "phx_reply" && payload?.status === "ok" && joinRef === this.#joins.get(topic)) {
      this.#attempts = 0;
    }
    if (event === "phx_error" || event === "phx_close") {
      if (this.#topics.includes(topic)) setTimeout(() => this.#join(topic), BACKOFF_MS);
      return;
    }
    if (this.#topics.includes(topic)) this.#onFrame(frame);
  }

  #lost(socket) {
    if (socket !== this.#socket) return;
    clearInterval(this.#timer);
    const wait = Math.min(BACKOFF_LIMIT_MS, BACKOFF_MS * 2 ** this.#attempts++);
    setTimeout(() => this.#open(), wait * (0.75 + Math.random() / 2));
  }
}
