// What the sheets of source and findings need beside the shell: from a line to its finding, unsaved text, and what to
// do when a file changed on the disk while it was edited.

import * as second_look from "./second_look.js";
import * as tabs from "./tabs.js";

const formOf = (element) => element.closest("form[data-unsaved]");
const isTyped = (form) => [...form.elements].some((one) => one.tagName === "TEXTAREA" && one.value !== one.defaultValue);

export function listen() {
  second_look.listen();
  document.addEventListener("click", (event) => {
    const mark = event.target.closest("[data-goto-finding]");
    if (mark) gotoFinding(mark.dataset.gotoFinding);
    if (event.target.closest("[data-wider]")) document.getElementById("side-wide").click();
    const discard = event.target.closest("[data-discard]");
    if (discard) takeDisk(formOf(discard), discard.closest("[data-conflict]"));
  });
  document.addEventListener("room:refused", ({ target: form, detail: said }) => {
    const place = form.querySelector("[data-conflict]");
    if (!place) return;
    place.hidden = !said?.error?.html;
    place.innerHTML = said?.error?.html ?? ""; // made by our own server, escaped there
    place.there = said?.conflict;
  });
  addEventListener("beforeunload", (event) => {
    if ([...document.querySelectorAll("form[data-unsaved]")].some(isTyped)) event.preventDefault();
  });
}

async function gotoFinding(number) {
  await tabs.choose("findings");
  const finding = document.getElementById(`finding-${number}`);
  finding?.scrollIntoView({ block: "center" });
  finding?.focus({ preventScroll: true });
}

// Forget what was typed, and go on from what the file says now.
function takeDisk(form, place) {
  const text = form.elements.text;
  form.elements.sha256.value = place.there.sha256;
  text.defaultValue = text.value = place.there.text;
  form.querySelector("[data-error]").hidden = place.hidden = true;
  text.focus();
}
