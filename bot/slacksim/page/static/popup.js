// Small things that open over the page: menus, lists of choices, the emoji picker, questions.

import { add, fill, h } from './dom.js';
import { common, find } from './emoji.js';
import { emoji } from './mrkdwn.js';

// popup shows content under (or over) an anchor until something else is clicked or Escape is pressed.
export function popup(anchor, content, { onclose, wide = false } = {}) {
  const box = add(h('div.popup', { popover: 'auto' }), [content]);
  (anchor.closest('.pane') ?? document.body).append(box);
  box.addEventListener('toggle', (e) => {
    if (e.newState === 'open') return;
    box.remove();
    onclose?.();
    if (anchor.popoverTargetElement === box) anchor.popoverTargetElement = null;
    if (anchor.isConnected && !document.querySelector(':popover-open') && !document.activeElement?.matches('input,textarea,select')) anchor.focus();
  });
  // The browser closes a popup when something outside is pressed. The button that opened it belongs to it, else the second
  // click of a double click would close it.
  anchor.popoverTargetElement = box;
  anchor.popoverTargetAction = 'show';
  box.showPopover();
  place(box, anchor, wide);
  return { box, close: () => box.isConnected && box.hidePopover() };
}

function place(box, anchor, wide) {
  const a = anchor.getBoundingClientRect();
  if (wide) box.style.minWidth = `${Math.min(a.width, innerWidth - 16)}px`;
  const size = box.getBoundingClientRect();
  const under = a.bottom + 4;
  const over = a.top - 4 - size.height;
  box.style.top = `${under + size.height > innerHeight && over > 0 ? over : Math.max(8, Math.min(under, innerHeight - size.height - 8))}px`;
  box.style.left = `${Math.max(8, Math.min(a.left, innerWidth - size.width - 8))}px`;
}

// menu offers items {label, icon, danger, run} and runs the one that is chosen.
export function menu(anchor, items) {
  const buttons = items.map((item) =>
    h(
      'button.menuitem',
      {
        type: 'button',
        role: 'menuitem',
        class: item.danger ? 'danger' : '',
        onclick: () => {
          p.close();
          item.run();
        },
      },
      item.icon && h('span.icon', { 'aria-hidden': 'true' }, item.icon),
      h('span', {}, item.label),
    ),
  );
  const list = h('div.menu', { role: 'menu', onkeydown: (e) => arrows(e, buttons) }, buttons);
  const p = popup(anchor, list);
  buttons[0]?.focus();
  return p;
}

// arrows moves the focus among a list's nodes; true when the key was one of these.
export function arrows(e, nodes) {
  const at = nodes.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: nodes.length - 1 }[e.key];
  if (to === undefined || !nodes.length) return false;
  e.preventDefault();
  nodes[(to + nodes.length) % nodes.length].focus();
  return true;
}

// pickEmoji lets somebody choose an emoji by its name.
export function pickEmoji(anchor, choose) {
  const grid = h('div.emojigrid', { role: 'listbox', 'aria-label': 'Emoji' });
  const search = h('input', {
    type: 'search',
    placeholder: 'Search emoji',
    'aria-label': 'Search emoji',
    oninput: () => show(search.value),
  });
  const p = popup(
    anchor,
    h('div.emojipicker', { onkeydown: (e) => arrows(e, [search, ...grid.children]) }, search, grid),
  );
  const show = (text) => {
    const names = text ? find(text.toLowerCase().replace(/:/g, '')) : [...new Set([...common, ...find('')])];
    fill(
      grid,
      names.map((name) =>
        h(
          'button',
          {
            type: 'button',
            role: 'option',
            title: `:${name}:`,
            'aria-label': name,
            onclick: () => {
              p.close();
              choose(name);
            },
          },
          emoji(name),
        ),
      ),
    );
  };
  show('');
  search.addEventListener('keydown', (e) => {
    if (e.key === 'Enter') grid.firstElementChild?.click();
  });
  search.focus();
}

// ask shows a question over host and resolves to true or false. confirm has title, text, confirm and deny as nodes or text.
export function ask(host, { title, text, yes, no, danger = false }) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const done = (answer) => {
      veil.remove();
      before?.focus?.();
      resolve(answer);
    };
    const accept = h(
      'button.btn',
      { type: 'button', class: danger ? 'danger' : 'primary', onclick: () => done(true) },
      yes,
    );
    const box = h(
      'div.dialog.small',
      { role: 'alertdialog', 'aria-modal': 'true', 'aria-label': 'Confirm' },
      h('div.dialog-head', {}, h('h2', {}, title)),
      h('div.dialog-body', {}, text),
      h('div.dialog-foot', {}, h('button.btn', { type: 'button', onclick: () => done(false) }, no), accept),
    );
    const veil = h(
      'div.veil',
      {
        onkeydown: (e) => {
          if (e.key === 'Escape') {
            e.stopPropagation();
            done(false);
          } else if (e.key === 'Enter' && e.target.matches('input')) {
            e.preventDefault();
            done(true);
          }
          trap(e, box);
        },
      },
      box,
    );
    host.append(veil);
    (box.querySelector('input, textarea') ?? accept).focus();
  });
}

const focusable =
  'button:not([disabled]),input:not([disabled]),textarea:not([disabled]),select:not([disabled]),a[href],[tabindex="0"]';

// trap keeps Tab inside a dialog.
export function trap(e, box) {
  if (e.key !== 'Tab') return;
  const nodes = [...box.querySelectorAll(focusable)].filter((n) => n.offsetParent !== null);
  if (!nodes.length) return;
  const edge = e.shiftKey ? nodes[0] : nodes.at(-1);
  if (document.activeElement !== edge && box.contains(document.activeElement)) return;
  e.preventDefault();
  (e.shiftKey ? nodes.at(-1) : nodes[0]).focus();
}

// toast says something shortly, at the foot of host.
export function toast(host, message, kind = 'info') {
  const node = h('div.toast', { role: kind === 'error' ? 'alert' : 'status', class: kind }, message);
  (host.querySelector('.toasts') ?? host.appendChild(h('div.toasts'))).append(node);
  setTimeout(() => node.remove(), 6000);
}
