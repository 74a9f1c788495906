// A pane: one frame with the mail, its width and colours. A new document loads unseen and is swapped in at once, so
// that nothing flickers and the place that was being read stays where it is.

import { movedBy } from "./blocks.js";
import { base, get, say } from "./state.js";

const SLOW = 300; // milliseconds after which a person wonders whether anything happens
const GROWTHS = 20; // a mail as tall as its frame and a little more would grow for ever
const LATE = 700; // after which a picture that does not come no longer holds up the words

export class Pane {
  constructor(root, { onShown, onBusy }) {
    this.root = root;
    this.suffix = root.dataset.pane;
    this.frames = root.querySelector("[data-frames]");
    this.note = root.querySelector("[data-note]");
    this.onShown = onShown;
    this.onBusy = onBusy;
    this.live = null;
    this.coming = null;
    this.shown = "";
    this.observer = new ResizeObserver(() => this.measure(this.live));
  }

  look(name) {
    const chosen = this.root.querySelector(`[name="${name}${this.suffix}"]:is(:checked, select)`);
    return chosen ? chosen.value : "";
  }

  get document() {
    return this.live?.contentDocument ?? null;
  }

  get isOpen() {
    return !this.root.hidden;
  }

  // Width and colours need no new document.
  dress() {
    this.frames.dataset.width = this.look("width");
    if (this.live) this.live.growths = 0;
    for (const frame of [this.live, this.coming]) if (frame) this.colour(frame);
    this.measure(this.live);
    this.explain();
  }

  colour(frame) {
    frame.dataset.scheme = this.look("dark") === "dark" ? "dark" : "light";
  }

  // Show the mail `digest`; resolves when it is on the screen. The same mail in the same look is not loaded again.
  show(digest, number) {
    const wishes = { as: get("as"), variant: get("variant") };
    wishes.pictures = this.look("pictures");
    wishes.simulation = this.look("simulation");
    wishes.dark = this.look("dark") === "inverted" ? "inverted" : "";
    const address = `${base}/mail?${new URLSearchParams(Object.entries(wishes).filter(([, value]) => value))}`;
    const wanted = `${digest} ${address}`;
    this.dress();
    if (!this.isOpen || !digest) return Promise.resolve();
    if (wanted === this.shown && !this.coming) {
      this.live.dataset.number = number;
      return Promise.resolve();
    }
    this.coming?.remove();
    return this.load(address, wanted, number);
  }

  load(address, wanted, number) {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-same-origin");
    frame.setAttribute("aria-hidden", "true");
    frame.className = "coming";
    frame.src = address;
    this.coming = frame;
    this.colour(frame);
    const slow = setTimeout(() => this.onBusy(true), SLOW);
    return new Promise((resolve) => {
      const begun = performance.now();
      const finish = () => {
        clearInterval(early);
        clearTimeout(slow);
        this.onBusy(false);
        if (this.coming === frame) this.swap(frame, wanted, number);
        resolve();
      };
      const early = setInterval(() => {
        const there = frame.contentDocument;
        const isRead = there?.URL.includes("/mail") && there.readyState === "interactive";
        if (!frame.isConnected || (isRead && performance.now() - begun > LATE)) finish();
      }, 100);
      frame.addEventListener("load", finish, { once: true });
      this.frames.append(frame);
    });
  }

  swap(frame, wanted, number) {
    const before = this.live;
    const scroller = document.getElementById("scroller");
    this.measure(frame);
    const moved = before && !this.suffix ? this.moved(frame, scroller) : 0;
    const places = [scroller.scrollTop + moved, document.documentElement.scrollTop + moved];
    frame.className = "";
    frame.removeAttribute("aria-hidden");
    frame.title = say(`frame${this.suffix}`);
    frame.dataset.live = "";
    frame.dataset.number = number;
    before?.remove();
    [scroller.scrollTop, document.documentElement.scrollTop] = places;
    this.live = frame;
    this.coming = null;
    this.shown = wanted;
    this.observer.disconnect();
    this.observer.observe(frame.contentDocument.documentElement);
    this.explain();
    this.onShown(this);
  }

  // How far the words at the top of the view stand lower in the new mail; 0 while the mail's own beginning is in view.
  moved(frame, scroller) {
    const isOwn = getComputedStyle(scroller).overflowY !== "visible"; // else the page scrolls, as on a phone
    const covered = isOwn ? this.root.querySelector(".look").offsetHeight : 0;
    const top = (isOwn ? scroller.getBoundingClientRect().top : 0) + covered - this.frames.getBoundingClientRect().top;
    return top > 0 ? movedBy(this.document, frame.contentDocument, top) : 0;
  }

  // The frame is as tall as its mail: the page scrolls, never the frame.
  measure(frame) {
    const html = frame?.contentDocument?.documentElement;
    const body = frame?.contentDocument?.body;
    if (!html || !body) return;
    const tall = Math.ceil(Math.max(html.getBoundingClientRect().height, body.scrollHeight));
    const sideways = html.scrollWidth > html.clientWidth ? 16 : 0; // room for the bar below
    const height = `${tall + sideways}px`;
    if (frame.style.height === height) return;
    if (tall > frame.clientHeight && (frame.growths = (frame.growths ?? 0) + 1) > GROWTHS) return;
    frame.style.height = height;
  }

  explain() {
    const inside = this.live?.contentWindow;
    if (!inside?.document.body) return;
    const isDark = inside.matchMedia("(prefers-color-scheme: dark)").matches;
    const isDishonoured = isDark !== (this.live.dataset.scheme === "dark");
    const html = inside.document.documentElement;
    const isWide = html.scrollWidth > html.clientWidth + 1;
    const words = [isDishonoured && say("no_scheme"), isWide && say("overflow")].filter(Boolean).join(" ");
    if (this.note.textContent !== words) this.note.textContent = words;
    this.note.hidden = !words;
  }

  // Say again that nothing is shown, when there is no mail at all.
  clear() {
    this.live?.remove();
    this.live = null;
    this.shown = "";
  }
}
