// The program's word that something has changed; and what is said when it no longer answers.

import { base } from "./state.js";

const AGAIN = 3000; // milliseconds between two tries, where the browser itself has given up

export function follow({ onPulse, onLost, onFound }) {
  let isLost = false;
  const open = () => {
    const source = new EventSource(`${base}/events`);
    source.addEventListener("message", (event) => onPulse(JSON.parse(event.data)));
    source.addEventListener("open", () => {
      if (isLost) onFound();
      isLost = false;
    });
    source.addEventListener("error", () => {
      isLost = true;
      onLost();
      if (source.readyState === EventSource.CLOSED) setTimeout(open, AGAIN);
    });
    addEventListener("pagehide", () => source.close(), { once: true });
  };
  open();
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}
