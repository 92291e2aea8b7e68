// The show's page: opens both sockets, renders what they tell, and obeys the stage's own feed,
// which is not part of the platform: it tells the page what to do wrong.

import { ChatList } from "./chat.js";
import { PhoenixSocket } from "./phoenix.js";
import { Player } from "./player.js";

const { show, faults, product, sales } = JSON.parse(
  document.getElementById("__NEXT_DATA__").textContent,
).props.pageProps;

const chat = new ChatList(document.getElementById("panel"), faults);
const player = new Player(product, sales);
const overlay = document.getElementById("overlay");

if (show.activeViewers) player.viewers(show.activeViewers);
if (show.status === "ENDED") player.ended(chat.panel, show.hostUsername);
overlay.hidden = !faults.overlay;

function heard([, , topic, event, payload]) {
  if (!topic.endsWith(`:${show.id}`)) return;
  switch (event) {
    case "new_msg":
      return chat.add(payload);
    case "latest_messages":
      if (Array.isArray(payload?.messages)) payload.messages.toReversed().forEach((m) => chat.add(m));
      return;
    case "presence_diff":
      for (const { metas } of Object.values(payload?.joins ?? {})) chat.joined(metas[0].user);
      return;
    case "livestream_view_count_updated":
      return player.viewers(payload?.viewCount);
    case "livestream_update":
      return payload?.status === "ENDED"
        ? player.ended(chat.panel, show.hostUsername) : player.resumed(chat.panel);
    default:
      if (event.startsWith("giveaway_")) player.giveaway(event, payload);
      else if (topic.startsWith("commerce:")) player.commerce(event, payload);
  }
}

new PhoenixSocket("/services/live/socket/websocket", [`chat:${show.id}`, `auction:${show.id}`], heard);
new PhoenixSocket("/services/auction/socket/websocket", [`commerce:${show.id}`], heard);

const orders = {
  frame: ({ frame }) => heard(frame),
  faults: ({ faults }) => {
    chat.configure(faults);
    overlay.hidden = !faults.overlay;
  },
  rerender: () => chat.rerender(),
  swap: ({ level, restart }) => chat.swap(level, restart),
  scroll_up: () => chat.scrollUp(),
  banner: () => player.ended(chat.panel, show.hostUsername),
  navigate: ({ path }) => location.assign(path),
  fetch: ({ url }) => fetch(url, { mode: "no-cors" }).catch(() => {}),
  busy: ({ ms }) => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  },
};

new EventSource("/stage/feed").onmessage = ({ data }) => {
  const order = JSON.parse(data);
  orders[order.do]?.(order);
};
