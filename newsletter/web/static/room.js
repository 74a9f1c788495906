// The page of an issue, put together: state → panes and panels; the program's word → what must be fetched anew.

import * as events from "./events.js";
import * as fields from "./fields.js";
import * as forms from "./forms.js";
import { Pane } from "./frame.js";
import * as keys from "./keys.js";
import { Marks } from "./marks.js";
import { refresh } from "./panels.js";
import * as readers from "./readers.js";
import * as sheets from "./sheets.js";
import { get, say, set } from "./state.js";
import * as tabs from "./tabs.js";

const READ = 8000; // milliseconds for which a message stays
const WORKING = "updating";

const byId = (id) => document.getElementById(id);
const status = byId("status");
const side = byId("side");
let pulse = JSON.parse(document.body.dataset.pulse);
let fading = 0;
const working = new Set();

// Say something in the line below the mail; a screen reader hears it.
function announce(what, { stays = false } = {}) {
  clearTimeout(fading);
  status.replaceChildren(what);
  if (!stays && what) fading = setTimeout(() => status.replaceChildren(), READ);
}

// Tell that something takes its time: `who` compiles, or loads a frame. Words that somebody is to read stay.
function busy(who, isBusy) {
  if (isBusy) working.add(who);
  else working.delete(who);
  const isSaid = status.textContent === say(WORKING);
  if (working.size && !status.textContent) announce(say(WORKING), { stays: true });
  else if (!working.size && isSaid) announce("");
}

const panes = [...document.querySelectorAll("[data-pane]")].map(
  (root) => new Pane(root, { onBusy: (isBusy) => busy(root, isBusy), onShown: (pane) => marks.attach(pane) }),
);
const marks = new Marks({
  panes,
  scroller: byId("scroller"),
  digest: () => pulse.mail,
  announce,
  onSource: gotoLine,
  onComment: comment,
  onKey: (event) => pressed(event),
});

// Bring everything up to date: the mail first, then what is said of it.
async function update() {
  const now = pulse;
  document.title = now.title;
  byId("title").textContent = byId("title").title = now.title;
  count(now);
  document.body.classList.toggle("no-mail", !now.mail);
  await Promise.all([...panes.map((pane) => pane.show(now.mail, now.number)), refresh(["fault"])]);
  requestAnimationFrame(() => {
    if (now !== pulse) return; // a newer change is on its way to the screen
    document.body.dataset.shown = now.number;
    performance.mark(`shown ${now.number}`);
  });
  await refresh();
}

function count({ errors, warnings }) {
  const badge = document.querySelector("[data-count]");
  if (!badge) return;
  badge.hidden = errors === null || errors + warnings === 0;
  badge.textContent = (errors ?? 0) + (warnings ?? 0);
  badge.dataset.tone = errors ? "error" : "warning";
  badge.title = say("counts", { errors, warnings });
}

async function gotoLine(place) {
  await tabs.choose("source");
  const line = document.querySelector(`[data-line="${CSS.escape(place)}"]`);
  if (!line) return;
  for (let box = line.parentElement; box; box = box.parentElement) if (box.tagName === "DETAILS") box.open = true;
  for (const one of document.querySelectorAll(".line-marked")) one.classList.remove("line-marked");
  line.classList.add("line-marked");
  line.scrollIntoView({ block: "center" });
}

async function comment(block) {
  await tabs.choose("review");
  const form = document.querySelector('form[data-post="comment"]');
  if (!form) return;
  form.elements.block.value = block;
  for (let box = form; box; box = box.parentElement) if (box.tagName === "DETAILS") box.open = true;
  form.scrollIntoView({ block: "nearest" });
  form.querySelector("textarea").focus();
}

function arrange() {
  side.hidden = get("side") === "off";
  side.classList.toggle("is-wide", get("side") === "wide");
  byId("side-toggle").setAttribute("aria-pressed", String(!side.hidden));
  byId("side-wide").setAttribute("aria-pressed", String(get("side") === "wide"));
  byId("two").setAttribute("aria-pressed", String(get("two") === "1"));
  document.querySelector('[data-pane="2"]').hidden = get("two") !== "1";
}

// Choose the next of a control's values, as if by hand.
function cycle(name, values = null) {
  const pane = panes.find((one) => one.root.contains(document.activeElement)) ?? panes[0];
  const fields = [...pane.root.querySelectorAll(`[name="${name}${pane.suffix}"]`)];
  const choose = (field) => field.dispatchEvent(new Event("change", { bubbles: true }));
  if (fields[0].tagName === "SELECT") {
    fields[0].selectedIndex = (fields[0].selectedIndex + 1) % fields[0].options.length;
    announce(fields[0].selectedOptions[0].textContent);
    return choose(fields[0]);
  }
  const at = fields.findIndex((field) => field.checked);
  const next = fields[values ?? (at + 1) % fields.length];
  next.checked = true;
  announce(next.closest("label").title.replace(/ \([^)]*\)$/, ""));
  return choose(next);
}

const toggle = (name, value) => set({ [name]: get(name) === value ? "" : value });
const popover = byId("readers");

const pressed = keys.listen({
  ...Object.fromEntries([0, 1, 2, 3, 4].map((number) => [`Digit${number + 1}`, () => cycle("width", number)])),
  KeyD: () => cycle("dark"),
  KeyI: () => cycle("pictures"),
  KeyT: () => toggle("two", "1"),
  KeyP: () => toggle("side", "off"),
  KeyW: () => toggle("side", "wide"),
  KeyS: () => popover.togglePopover(),
  BracketLeft: () => byId("reader-previous")?.click(),
  BracketRight: () => byId("reader-next")?.click(),
  "?": () => byId("help").showModal(),
  escape: () => {
    if (popover.matches(":popover-open")) popover.hidePopover();
    else marks.unmark();
    announce("");
  },
});

document.addEventListener("click", (event) => {
  const fold = event.target.closest("summary")?.closest("#inbox-fold");
  if (fold) set({ inbox: fold.open ? "off" : "on" }); // it is about to be the other
});
document.addEventListener("change", (event) => {
  const field = event.target.closest("[data-look]");
  if (field) set({ [field.name]: field.value === field.dataset.default ? "" : field.value });
});
document.addEventListener("room:state", ({ detail: changed }) => {
  arrange();
  const isReader = changed.has("as") || changed.has("variant");
  for (const pane of panes) pane.show(pulse.mail, pulse.number).then(() => marks.draw(pane));
  if (isReader) refresh();
  else if (changed.has("side")) tabs.open(get("tab"));
});
// What was refused may have been about an older mail: the form goes on from the present one, with what was typed.
document.addEventListener("room:refused", ({ detail: said }) => said && refresh());
document.addEventListener("click", (event) => {
  const block = event.target.closest("[data-goto-block]");
  const line = event.target.closest("[data-goto-line]");
  if (block) marks.goto(block.dataset.gotoBlock);
  else if (line) gotoLine(line.dataset.gotoLine);
});
byId("two").addEventListener("click", () => toggle("two", "1"));
byId("side-toggle").addEventListener("click", () => {
  const isBelow = !side.hidden && side.getBoundingClientRect().top > innerHeight - 80; // as on a phone, under the mail
  if (isBelow) side.scrollIntoView();
  else toggle("side", "off");
});
byId("side-wide").addEventListener("click", () => toggle("side", "wide"));
byId("help-button").addEventListener("click", () => byId("help").showModal());

readers.listen();
sheets.listen();
fields.listen({ announce });
forms.listen({ announce, onDone: () => refresh() });
arrange();
// A mail of 600 pixels does not fit on a phone: there it takes the width that there is, unless a width was asked for.
const room = byId("scroller").clientWidth - 16;
if (!get("width") && room < 600) document.querySelector('[name="width"][value="free"]').checked = true;
if (!get("width2") && room < 360) document.querySelector('[name="width2"][value="free"]').checked = true;
// How a phone shows the mail in its list stands beside how a computer does where there is room for both.
if (!get("inbox") && innerHeight >= 860 && room >= 860) byId("inbox-fold")?.setAttribute("open", "");
tabs.listen();
update();
events.follow({
  onPulse: (told) => {
    busy("program", told.busy);
    const isNew = told.number !== pulse.number || told.mail !== pulse.mail || told.broken !== pulse.broken;
    if (!isNew) return;
    pulse = told;
    update();
  },
  onLost: () => {
    busy("program", false);
    byId("lost").textContent = say("lost");
    byId("lost").hidden = false;
  },
  onFound: () => {
    byId("lost").hidden = true;
    update();
  },
});
