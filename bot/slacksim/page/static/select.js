// One widget for every select menu: one or many choices, fixed lists, people, channels, and what the app suggests.

import { fill, h, uid } from './dom.js';
import { popup } from './popup.js';

// select gives the control. load(query) resolves to groups [{label, options: [{value, label, hint, nodes}]}]; chosen is
// the list of options at first; onchange is told the new list.
export function select({
  label,
  placeholder,
  chosen,
  multi = false,
  max = Infinity,
  minQuery = 0,
  load,
  onchange,
  focusKey,
}) {
  let picked = chosen;
  const listID = uid('list');
  const control = h('div.select', { class: multi ? 'multi' : '' });
  const open = h('button.select-open', {
    type: 'button',
    'aria-haspopup': 'listbox',
    'aria-label': label,
    dataset: { focus: focusKey ?? '' },
    onclick: () => show(),
  });
  control.append(open);

  const change = (next) => {
    picked = next;
    draw();
    onchange(picked);
  };
  function draw() {
    const chips = picked.map((o) =>
      h(
        'span.chip',
        {},
        o.nodes?.() ?? o.label,
        h(
          'button.chip-x',
          {
            type: 'button',
            'aria-label': `Remove ${o.label}`,
            onclick: () => change(picked.filter((p) => p.value !== o.value)),
          },
          '×',
        ),
      ),
    );
    const shown = multi ? null : picked[0];
    fill(
      open,
      shown
        ? h('span.select-value', {}, shown.nodes?.() ?? shown.label)
        : h('span.select-hint', {}, placeholder || 'Choose…'),
      h('span.caret', { 'aria-hidden': 'true' }, '▾'),
    );
    fill(control, multi && chips, open);
  }
  function show() {
    const list = h('div.options', { role: 'listbox', id: listID, 'aria-multiselectable': String(multi) });
    const search = h('input', {
      type: 'search',
      role: 'combobox',
      'aria-expanded': 'true',
      'aria-controls': listID,
      placeholder: 'Type to filter',
      'aria-label': `Filter ${label}`,
      oninput: () => fetchOptions(),
      onkeydown: keys,
    });
    const p = popup(open, h('div.chooser', {}, search, list), { wide: true });
    let turn = 0;
    async function fetchOptions() {
      const query = search.value.trim();
      const mine = (turn += 1);
      if (query.length < minQuery) return void fill(list, h('p.hint', {}, `Type at least ${minQuery} characters`));
      const groups = await load(query).catch((e) => [{ label: e.message, options: [] }]);
      if (mine !== turn) return;
      drawOptions(groups);
    }
    function drawOptions(groups) {
      fill(
        list,
        groups.map((g) => [g.label && h('div.group', {}, g.label), g.options.map(option)]),
      );
      if (!list.querySelector('.option')) list.append(h('p.hint', {}, 'No results'));
      mark(list.querySelector('.option[aria-selected="true"]') ?? list.querySelector('.option'));
    }
    function option(o) {
      const selected = picked.some((x) => x.value === o.value);
      return h(
        'button.option',
        {
          type: 'button',
          role: 'option',
          id: uid('option'),
          tabindex: '-1',
          'aria-selected': String(selected),
          onmousedown: (e) => e.preventDefault(), // the focus stays where one types
          onclick: () => pick(o, selected),
        },
        h('span.option-label', {}, o.nodes?.() ?? o.label),
        o.hint && h('span.hint', {}, o.hint),
        selected && h('span.tick', {}, '✓'),
      );
    }
    function pick(o, selected) {
      if (!multi) {
        p.close();
        return change(selected && !o.required ? [] : [o]);
      }
      if (selected) change(picked.filter((x) => x.value !== o.value));
      else if (picked.length < max) change([...picked, o]);
      fetchOptions();
    }
    function mark(node) {
      list.querySelector('.marked')?.classList.remove('marked');
      if (!node) return;
      node.classList.add('marked');
      node.scrollIntoView({ block: 'nearest' });
      search.setAttribute('aria-activedescendant', node.id);
    }
    function keys(e) {
      const nodes = [...list.querySelectorAll('.option')];
      const at = nodes.findIndex((n) => n.classList.contains('marked'));
      if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
        e.preventDefault();
        mark(nodes[(at + (e.key === 'ArrowDown' ? 1 : -1) + nodes.length) % nodes.length]);
      } else if (e.key === 'Enter') {
        e.preventDefault();
        nodes[at]?.click();
      } else if (e.key === 'Escape') e.stopPropagation();
    }
    fetchOptions();
    search.focus();
  }
  draw();
  return control;
}

// filtered is load for a list that is known: groups of options whose label or hint contains the query.
export function filtered(groups) {
  return async (query) => {
    const q = query.toLowerCase();
    return groups
      .map((g) => ({
        label: g.label,
        options: g.options.filter((o) => `${o.label} ${o.hint ?? ''}`.toLowerCase().includes(q)),
      }))
      .filter((g) => g.options.length);
  };
}
