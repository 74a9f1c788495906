// Small services to the panels: a name typed once is there next time, and lines are copied by a button.

const KEPT = "newsletter.remember.";

export function listen({ announce }) {
  document.addEventListener("room:panel", (event) => event.target.querySelectorAll("[data-remember]").forEach(recall));
  document.addEventListener("change", (event) => {
    const name = event.target.dataset?.remember;
    if (!name) return;
    keep(name, event.target.value.trim());
    for (const other of document.querySelectorAll(`[data-remember="${CSS.escape(name)}"]`)) if (other !== event.target) recall(other);
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await copy(button.dataset.copy);
    announce(button.dataset.copied);
  });
}

// What is filled in is the field's own beginning: nobody has typed it, so a refresh may change it.
function recall(field) {
  const value = kept(field.dataset.remember);
  if (value && (field.type === "hidden" || field.value === field.defaultValue)) field.defaultValue = field.value = value;
}

function keep(name, value) {
  try {
    localStorage.setItem(KEPT + name, value);
  } catch {
    // a browser that keeps nothing asks again
  }
}

function kept(name) {
  try {
    return localStorage.getItem(KEPT + name) ?? "";
  } catch {
    return "";
  }
}

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea"); // outside of loopback a page over http has no clipboard
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
