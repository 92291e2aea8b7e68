// Records go out in batches, at the end of the turn in which they came up.

const MAX_BATCH = 400;

const said = new Map(); // what was last told of each kind that is told once
const queue = [];
let queued = false;

function tell(record) {
  queue.push(record);
  if (!queued) {
    queued = true;
    queueMicrotask(flush);
  }
}

function flush() {
  queued = false;
  while (queue.length) {
    const batch = JSON.stringify(queue.splice(0, MAX_BATCH));
    try {
      const sent = window[CONFIG.binding](batch);
      if (sent && sent.catch) sent.catch(() => {});
    } catch {
      return; // nobody listens any more
    }
  }
}

function once(kind, record) {
  const text = JSON.stringify(record);
  if (said.get(kind) !== text) {
    said.set(kind, text);
    tell(record);
  }
}

function guarded(work) {
  return (...given) => {
    try {
      work(...given);
    } catch (error) {
      once("fault", { k: "odd", t: "observer: " + String(error).slice(0, 200) });
    }
  };
}
