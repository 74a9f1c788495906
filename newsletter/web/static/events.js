// The program's word that something has changed; and what is said when it no longer answers.

import { base } from "./state.js";

const AGAIN = 3000; // milliseconds between two tries, where the browser itself has given up

// A browser holds six connections to one server, and this one stays open: a page that nobody looks at gives its own
// back, or a seventh page could not even load.
export function follow({ onPulse, onLost, onFound }) {
  let isLost = false;
  let source = null;
  const open = () => {
    if (document.hidden || (source && source.readyState !== EventSource.CLOSED)) return;
    source = new EventSource(`${base}/events`);
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
  };
  const close = () => source?.close();
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  open();
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}
