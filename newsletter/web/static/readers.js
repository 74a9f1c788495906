// Whose eyes the mail is seen with: the search under the button in the bar.

import { base, set } from "./state.js";

const PAUSE = 150; // milliseconds of not typing

export function listen() {
  const popover = document.getElementById("readers");
  const field = popover.querySelector("[data-people]");
  const results = popover.querySelector("[data-people-results]");
  let timer = 0;
  let asked = 0;

  const search = async () => {
    const number = ++asked;
    const answer = await fetch(`${base}/people?${new URLSearchParams({ q: field.value })}`).catch(() => null);
    if (answer?.ok && number === asked) results.innerHTML = await answer.text();
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE);
  });
  popover.addEventListener("toggle", (event) => {
    const button = document.getElementById("reader-button");
    button?.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState !== "open") return;
    place(popover, button);
    search();
    field.focus();
    field.select();
  });
  popover.addEventListener("keydown", (event) => move(popover, event));
  document.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-reader]");
    if (!chosen) return;
    set({ as: chosen.dataset.reader });
    if (popover.contains(chosen)) {
      popover.hidePopover();
      document.getElementById("reader-button")?.focus();
    }
  });
}

function place(popover, button) {
  const box = button?.getBoundingClientRect();
  if (!box) return;
  const left = Math.max(8, Math.min(box.left, innerWidth - popover.offsetWidth - 8));
  popover.style.left = `${left}px`;
  popover.style.top = `${box.bottom + 6}px`;
}

function move(popover, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const stops = [popover.querySelector("[data-people]"), ...popover.querySelectorAll("[data-reader]")];
  const at = stops.indexOf(document.activeElement);
  stops[Math.max(0, Math.min(stops.length - 1, at + step))].focus();
}
