// What the page shows, as its address says it: a reload or a copied link shows the same.

const values = new Map(new URLSearchParams(location.search));
export const base = document.body.dataset.base;
const said = JSON.parse(document.body.dataset.said);

export function say(key, filled = {}) {
  return said[key].replace(/\{(\w+)\}/g, (_, name) => filled[name] ?? "");
}

export const get = (name) => values.get(name) ?? "";

// Set some values ("" drops one), write the address, and tell who listens which have changed.
export function set(changes) {
  const changed = Object.keys(changes).filter((name) => get(name) !== changes[name]);
  if (!changed.length) return;
  for (const name of changed) {
    if (changes[name]) values.set(name, changes[name]);
    else values.delete(name);
  }
  const query = new URLSearchParams(values).toString();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  document.dispatchEvent(new CustomEvent("room:state", { detail: new Set(changed) }));
}

// Return the query of a request: the page's state, and what is said beside it.
export function query(extra = {}) {
  return new URLSearchParams({ ...Object.fromEntries(values), ...extra }).toString();
}
