// The tabs beside the mail: one is open; arrows move between them, as the pattern of tabs asks.

import { get, set } from "./state.js";
import { refresh } from "./panels.js";

const tabs = [...document.querySelectorAll("[role=tab]")];
const side = document.getElementById("side");

const nameOf = (tab) => tab.id.replace("tab-", "");

// Open a tab, and the side when it is shut; resolves when its panel is there.
export function open(name) {
  const tab = tabs.find((one) => nameOf(one) === name) ?? tabs[0];
  if (!tab) return Promise.resolve();
  for (const one of tabs) {
    const isChosen = one === tab;
    one.setAttribute("aria-selected", String(isChosen));
    one.tabIndex = isChosen ? 0 : -1;
    document.getElementById(one.getAttribute("aria-controls")).hidden = !isChosen;
  }
  const row = tab.parentElement; // scrolled by itself on a phone; the page must stay where it is
  row.scrollLeft = Math.min(row.scrollLeft, tab.offsetLeft - row.offsetLeft);
  row.scrollLeft = Math.max(row.scrollLeft, tab.offsetLeft - row.offsetLeft + tab.offsetWidth - row.clientWidth);
  return refresh([nameOf(tab)]);
}

export function choose(name) {
  set({ tab: name, ...(side.hidden ? { side: "" } : {}) });
  return open(name);
}

// On a phone the panels lie under the mail: a tab leads down to its panel, and from there one button leads back.
const isBelow = matchMedia("(max-width: 860px)");
let read = 0;

function lead(name) {
  if (!isBelow.matches) return;
  const panel = document.getElementById(`panel-${name}`);
  if (side.getBoundingClientRect().top > 0) read = scrollY;
  panel.scrollIntoView();
}

export function listen() {
  for (const tab of tabs) tab.addEventListener("click", () => choose(nameOf(tab)).then(() => lead(nameOf(tab))));
  document.getElementById("to-mail").addEventListener("click", () => scrollTo({ top: read }));
  side.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
    const at = tabs.indexOf(document.activeElement);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    const tab = tabs[(next + tabs.length) % tabs.length];
    tab.focus();
    choose(nameOf(tab));
  });
  return open(get("tab"));
}
