// Builds DOM nodes. Nothing here, or anywhere on the page, turns data into markup: text becomes text nodes only.

// h makes an element: h('button.primary', {onclick, title}, 'Save'). Attributes that are null or false are left out;
// names that begin with "on" become listeners; class, dataset and value are set as properties.
export function h(tag, attributes, ...children) {
  const [name, ...classes] = tag.split('.');
  const node = document.createElement(name);
  if (classes.length) node.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes ?? {})) set(node, key, value);
  add(node, children);
  return node;
}

function set(node, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
  else if (key === 'class') node.classList.add(...value.split(' ').filter(Boolean));
  else if (key === 'dataset') Object.assign(node.dataset, value);
  else if (key === 'value' || key === 'checked' || key === 'disabled') node[key] = value;
  else node.setAttribute(key, value === true ? '' : value);
}

// add appends strings, nodes and (nested) lists of them; null and false are nothing.
export function add(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) add(node, child);
    else node.append(child);
  }
  return node;
}

// fill replaces what a node holds.
export function fill(node, ...children) {
  node.replaceChildren();
  return add(node, children);
}

// safeURL gives an address that may become a link, or null: a message must not run script or open local files.
export function safeURL(url) {
  try {
    const parsed = new URL(url, location.href);
    return ['http:', 'https:', 'mailto:', 'tel:', 'slack:'].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

// anchor is a link to another site, or plain text where the address is not safe.
export function anchor(url, ...children) {
  const href = safeURL(url);
  if (!href) return h('span.badlink', { title: 'This address is not shown as a link' }, ...children);
  return h('a', { href, target: '_blank', rel: 'noopener noreferrer' }, ...children);
}

// keyed makes node's children those of items, in order, and builds again only what changed: key names an item, sign is
// everything that its looks depend on.
export function keyed(node, items, { key, sign, build }) {
  const old = new Map();
  for (const child of node.children) old.set(child.dataset.key, child);
  let at = node.firstElementChild;
  for (const item of items) {
    const k = key(item);
    const s = sign(item);
    let child = old.get(k);
    old.delete(k);
    if (!child || child.keyedSign !== s) {
      const fresh = build(item, child);
      fresh.dataset.key = k;
      fresh.keyedSign = s;
      if (child) {
        if (at === child) at = fresh;
        child.replaceWith(fresh);
      }
      child = fresh;
    }
    if (at === child) at = at.nextElementSibling;
    else node.insertBefore(child, at);
  }
  for (const gone of old.values()) gone.remove();
}

let serial = 0;

// uid is an id for a label to point at.
export function uid(prefix) {
  serial += 1;
  return `${prefix}-${serial}`;
}
