// What was typed and not yet sent. It is kept for this tab, through a reload; a browser that refuses is fine.

const name = (key) => `slacksim.draft.${key}`;

// draft is what was kept under a key, or null.
export function draft(key) {
  try {
    return JSON.parse(sessionStorage.getItem(name(key)));
  } catch {
    return null;
  }
}

// keep remembers a value, which null or an empty text takes away.
export function keep(key, value) {
  try {
    if (value) sessionStorage.setItem(name(key), JSON.stringify(value));
    else sessionStorage.removeItem(name(key));
  } catch {
    /* private window */
  }
}
