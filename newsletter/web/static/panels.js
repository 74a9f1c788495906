// Panels: pieces of HTML fetched from the program and put in their places. What a person has open, has typed or looks
// at survives a refresh.

import { base, query } from "./state.js";

const shown = new WeakMap(); // place → the HTML it was filled with
const begun = new Map([...document.querySelectorAll("[data-panel]")].map((place) => [place, place.innerHTML])); // as the page came
const asking = new WeakMap(); // place → what ends its request

const isSeen = (place) => place.closest("[hidden]") === null;

// Fetch anew every panel that can be seen, or those named.
export function refresh(names = null) {
  const places = [...document.querySelectorAll("[data-panel]")];
  const wanted = places.filter((place) => (names ? names.includes(place.dataset.panel) : place.matches(".panel") ? isSeen(place) : true));
  return Promise.all(wanted.map(fill));
}

async function fill(place) {
  asking.get(place)?.abort();
  const control = new AbortController();
  asking.set(place, control);
  let html;
  try {
    const answer = await fetch(`${base}/panel/${place.dataset.panel}?${query()}`, { signal: control.signal });
    if (!answer.ok) return;
    html = await answer.text();
  } catch {
    return; // a newer request, or a program that is gone: the line about the lost connection says so
  }
  if (shown.get(place) === html) return;
  const isFirst = !shown.has(place);
  shown.set(place, html);
  if (!isFirst || !came(place, html)) put(place, html);
  place.dispatchEvent(new CustomEvent("room:panel", { bubbles: true }));
}

// Say whether the page brought this very piece: then nothing that somebody has already reached for is replaced.
function came(place, html) {
  const piece = document.createElement("template");
  piece.innerHTML = html;
  return html !== "" && piece.innerHTML === begun.get(place);
}

function put(place, html) {
  const kept = remember(place);
  const next = document.createElement("template");
  next.innerHTML = html;
  place.replaceChildren(next.content);
  restore(place, kept);
}

function remember(place) {
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  return {
    focused: focused && focused !== place ? nameOf(place, focused) : "",
    caret: focused?.matches("input[type=text], input[type=search], textarea") ? [focused.selectionStart, focused.selectionEnd] : null,
    details: new Map([...place.querySelectorAll("details")].map((one) => [nameOf(place, one), one.open])),
    forms: [...place.querySelectorAll("form[data-post]")].filter((form) => isDirty(form) || refusalOf(form)).map((form) => ({
      form,
      refusal: refusalOf(form),
      name: nameOf(place, form),
      typed: fieldsOf(form).filter(isTyped).map((field) => [fieldName(field), field.type === "checkbox" || field.type === "radio" ? field.checked : field.value]),
    })),
    texts: new Map([...place.querySelectorAll("textarea[id]")].map((one) => [one.id, one.scrollTop])),
    scrolled: place.scrollTop,
  };
}

function restore(place, kept) {
  for (const details of place.querySelectorAll("details")) {
    const open = kept.details.get(nameOf(place, details));
    if (open !== undefined) details.open = open;
  }
  for (const { form, name, typed, refusal } of kept.forms) {
    const next = [...place.querySelectorAll("form[data-post]")].find((one) => nameOf(place, one) === name);
    if (!next) continue;
    // What was typed onto an older state of a file is kept with that state: the program must see what it was based on.
    if (form.hasAttribute("data-keep")) {
      next.replaceWith(form);
      shown.delete(place); // what stands here is older than what came: once the form is clean, the same answer is put in
    }
    else {
      for (const [field, value] of typed) setField(fieldsOf(next).find((one) => fieldName(one) === field), value);
      if (refusal) showRefusal(next, refusal);
    }
  }
  if (kept.focused) {
    // A long source has thousands of elements: one with an id is found by it.
    const again = kept.focused.startsWith("#")
      ? document.getElementById(kept.focused.slice(1))
      : [...place.querySelectorAll("button, input, select, textarea, summary, a, [tabindex]")].find((one) => nameOf(place, one) === kept.focused);
    again?.focus({ preventScroll: true });
    if (again && kept.caret) again.setSelectionRange?.(...kept.caret);
  }
  for (const [id, top] of kept.texts) document.getElementById(id)?.scrollTo(0, top);
  place.scrollTop = kept.scrolled;
}

// Name an element so that the same one is found in a newer piece: its id, else what it does, else its place.
function nameOf(place, element) {
  if (element.id) return `#${element.id}`;
  const form = element.closest("form[data-post]");
  const within = form && form !== element && place.contains(form) ? `${nameOf(place, form)} ` : "";
  const said = ["name", "value", "data-key", "data-post", "data-goto-block", "data-goto-line", "data-reader", "href"]
    .filter((name) => element.hasAttribute(name) && !(name === "value" && element.matches("input:not([type=radio], [type=checkbox])")))
    .map((name) => `${name}=${element.getAttribute(name)}`);
  const alike = [...(form && within ? form : place).querySelectorAll(element.tagName)].filter((one) =>
    said.every((word) => word.startsWith("value=") || one.getAttribute(word.split("=")[0]) === word.slice(word.indexOf("=") + 1)),
  );
  const summary = element.tagName === "DETAILS" ? (element.querySelector("summary")?.textContent.trim() ?? "") : "";
  return `${within}${element.tagName} ${said.join(" ")} ${summary || alike.indexOf(element)}`;
}

const refusalOf = (form) => form.querySelector("[data-error]:not([hidden])")?.textContent.trim() ?? "";

function showRefusal(form, words) {
  const place = form.querySelector("[data-error]");
  if (!place) return;
  place.hidden = false;
  place.textContent = words;
}

const fieldsOf = (form) => [...form.elements].filter((one) => one.name && one.type !== "hidden" && one.type !== "submit");
const fieldName = (field) => (field.type === "radio" ? `${field.name}=${field.value}` : field.name);
const isDirty = (form) => fieldsOf(form).some(isTyped);

function isTyped(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.tagName === "SELECT") return [...field.options].some((one) => one.selected !== one.defaultSelected);
  return "defaultValue" in field && field.value !== field.defaultValue;
}

function setField(field, value) {
  if (!field) return;
  if (typeof value === "boolean") field.checked = value;
  else field.value = value;
}
