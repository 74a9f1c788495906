// Shortcuts, by the place of a key and not its letter: they work on a Russian layout too. Off in fields, and for good
// where the box in the list of keys is unticked.

const KEPT = "newsletter.keys";

export function isTyping(target) {
  return Boolean(target?.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]"));
}

export function listen(actions) {
  const box = document.getElementById("keys-on");
  try {
    box.checked = localStorage.getItem(KEPT) !== "off";
  } catch {
    // a browser that keeps nothing begins with shortcuts each time
  }
  box.addEventListener("change", () => localStorage.setItem(KEPT, box.checked ? "on" : "off"));

  const pressed = (event) => {
    if (event.key === "Escape") return actions.escape();
    if (!box.checked || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const name = event.key === "?" ? "?" : event.shiftKey ? "" : event.code;
    const action = actions[name];
    if (!action) return;
    event.preventDefault();
    action();
  };
  document.addEventListener("keydown", pressed);
  return pressed;
}
