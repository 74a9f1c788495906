// Nobody decides on a mail that changed under their hands: a form keeps the version that its reader began with, says
// that there is a newer one, and takes it when they say that they have looked at it.

import { get } from "./state.js";

const begun = new WeakMap(); // panel → the version its reader began with

export function listen() {
  document.addEventListener("room:panel", ({ target: panel }) => keep(panel));
  document.addEventListener("room:state", () => {
    for (const form of document.querySelectorAll("form[data-looked]")) {
      const panel = form.closest("[data-panel]");
      // Away from an empty form there is nothing to keep: on the way back the mail is looked at anew.
      if (get("tab") !== panel.dataset.panel && !isTyped(form)) begun.delete(panel);
    }
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-look-again]")) return;
    const panel = event.target.closest("[data-panel]");
    begun.delete(panel);
    keep(panel);
    panel.querySelector("form[data-looked] .button-main")?.focus();
  });
}

function keep(panel) {
  const form = panel.querySelector("form[data-looked]");
  if (!form) return;
  const first = begun.get(panel) ?? form.dataset.looked;
  begun.set(panel, first);
  form.elements.digest.value = first;
  form.querySelector("[data-moved]").hidden = first === form.dataset.looked;
}

const isTyped = (form) =>
  [...form.elements].some((one) => one.matches("textarea, input[type=text]") && one.value !== one.defaultValue);
