// The mail's blocks: a click marks one, a panel's button scrolls to one. Marks are drawn by the page over the frame:
// the mail's own document stays as it is. Links of the mail are shown, never followed.

import { boxOf, holds, rangesOf } from "./blocks.js";
import { base, query, say } from "./state.js";

let places = { key: "", blocks: {} };

// Return where the blocks of the present mail are written, by name.
async function blocksOf(digest) {
  const key = `${digest} ${query()}`;
  if (places.key !== key) {
    const answer = await fetch(`${base}/blocks?${query()}`);
    places = { key, blocks: answer.ok ? await answer.json() : {} };
  }
  return places.blocks;
}

export class Marks {
  constructor({ panes, scroller, digest, onSource, onComment, announce, onKey }) {
    Object.assign(this, { panes, scroller, digest, onSource, onComment, announce, onKey });
    this.name = "";
  }

  // Listen to a document that has just been shown, and draw the mark anew.
  attach(pane) {
    const page = pane.document;
    page.addEventListener("click", (event) => this.clicked(pane, event), true);
    page.addEventListener("auxclick", (event) => event.preventDefault(), true);
    page.addEventListener("keydown", (event) => this.onKey(event));
    this.draw(pane);
  }

  clicked(pane, event) {
    const link = event.target.closest?.("a[href], area[href]");
    if (link) {
      event.preventDefault();
      this.tell(link.getAttribute("href"));
    }
    if (pane.document.getSelection()?.toString()) return; // somebody copies words
    for (const [name, range] of rangesOf(pane.document)) {
      if (range.intersectsNode(event.target) && holds(range, event.target)) {
        this.mark(name);
        return;
      }
    }
    if (!link) this.unmark();
  }

  tell(address) {
    const line = document.createElement("p");
    const isWeb = /^https?:/i.test(address);
    const isMail = /^mailto:/i.test(address);
    const shown = isMail ? decoded(address.slice(7).split("?")[0]) : address;
    const key = isWeb ? "link" : isMail ? "link_mail" : !address || address.startsWith("#") ? "link_nowhere" : "link_other";
    line.textContent = `${say(key, { value: shown })} `;
    if (isWeb) {
      const open = document.createElement("a");
      open.href = address;
      open.target = "_blank";
      open.rel = "noopener noreferrer";
      open.textContent = say("link_open");
      line.append(open);
    }
    this.announce(line, { stays: true });
  }

  mark(name) {
    this.name = name;
    for (const pane of this.panes) this.draw(pane);
  }

  unmark() {
    this.mark("");
  }

  draw(pane) {
    pane.frames.querySelector(".marker")?.remove();
    if (!this.name || !pane.isOpen || !pane.document) return;
    const range = rangesOf(pane.document).get(this.name);
    const box = range && boxOf(range);
    if (!box) return;
    const marker = document.createElement("div");
    marker.className = "marker";
    marker.dataset.block = this.name;
    marker.style.left = `${Math.max(box.left - 8, 0)}px`;
    marker.style.top = `${box.top - 4}px`;
    marker.style.width = `${Math.min(box.right - box.left + 16, pane.live.clientWidth)}px`;
    marker.style.height = `${box.bottom - box.top + 8}px`;
    const tools = document.getElementById("marker-tools").content.cloneNode(true);
    tools.firstElementChild.addEventListener("click", (event) => this.act(event.target.closest("[data-mark]")));
    marker.append(tools);
    pane.frames.append(marker);
  }

  async act(button) {
    if (!button) return;
    const name = this.name;
    if (button.dataset.mark === "close") return this.unmark();
    if (button.dataset.mark === "comment") return this.onComment(name);
    const place = (await blocksOf(this.digest()))[name];
    if (place) this.onSource(`${place.file}:${place.line}`);
  }

  // Scroll to a block and mark it.
  goto(name) {
    this.mark(name);
    const pane = this.panes.find((one) => one.isOpen && one.document);
    const range = pane && rangesOf(pane.document).get(name);
    const box = range && boxOf(range);
    if (!box) return this.announce(say("block_gone"));
    const top = pane.frames.getBoundingClientRect().top + box.top;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const behavior = calm ? "auto" : "smooth";
    const own = getComputedStyle(this.scroller).overflowY !== "visible";
    const from = own ? this.scroller.getBoundingClientRect().top : 0;
    (own ? this.scroller : window).scrollBy({ top: top - from - 96, behavior });
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
