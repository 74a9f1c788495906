// Forms of panels: sent as one JSON object; the answer is said aloud, a refusal stands in the form, nothing is lost.

import { base, say } from "./state.js";

export function listen({ announce, onDone }) {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-post]");
    if (form) {
      event.preventDefault();
      send(form, event.submitter, { announce, onDone });
    } else if (event.target.matches(".look")) event.preventDefault();
  });
}

async function send(form, button, { announce, onDone }) {
  if (form.getAttribute("aria-busy") === "true") return;
  form.setAttribute("aria-busy", "true");
  refuse(form, null);
  const sent = valuesOf(form, button);
  try {
    const answer = await fetch(`${base}/${form.dataset.post}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(sent),
    });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok || said.error) {
      refuse(form, said);
      return;
    }
    if (form.hasAttribute("data-keep")) settle(form, sent, said.fields ?? {});
    else form.reset();
    await onDone(said);
    announce(said.message || say("done"));
  } catch {
    refuse(form, {});
  } finally {
    form.removeAttribute("aria-busy");
  }
}

// What was sent is what the file says now: nothing goes back to the text of before, and what was typed since is new.
function settle(form, sent, fields) {
  for (const field of form.elements) if (field.tagName === "TEXTAREA") field.defaultValue = sent[field.name];
  for (const [name, value] of Object.entries(fields)) form.elements[name].value = value;
}

function valuesOf(form, button) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled || field.type === "submit" || field.type === "button") continue;
    if (field.type === "checkbox") values[field.name] = field.checked;
    else if (field.type !== "radio" || field.checked) values[field.name] = field.value;
  }
  if (button?.name) values[button.name] = button.value;
  return values;
}

// Show why a form was refused (null: it is sent anew), and let others show more of it: the whole answer is the detail.
function refuse(form, said) {
  show(form, said && (said.error ?? { message: say("unreachable") }));
  form.dispatchEvent(new CustomEvent("room:refused", { bubbles: true, detail: said }));
}

function show(form, error) {
  const place = form.querySelector("[data-error]");
  if (!place) return;
  place.replaceChildren();
  place.hidden = !error;
  if (!error) return;
  place.setAttribute("role", "alert");
  const where = error.file ? ` (${error.file}${error.line ? `, ${say("line", { value: error.line })}` : ""})` : "";
  place.textContent = `${error.message}${where}${error.fix ? ` ${error.fix}` : ""}`;
}
