// Draws interactive elements. Each is given where it stands: at.state(block, el) is its value so far, at.act(block, el,
// state) sends an action, at.enter(block, el, state) only keeps the value (an input block).

import { h, safeURL, uid } from './dom.js';
import { plain, textObject } from './mrkdwn.js';
import { ask, menu } from './popup.js';
import { filtered, select } from './select.js';

// element draws el of block. The result is one node.
export function element(block, el, ctx, at) {
  const build = builders[el.type];
  if (!build) return h('span.unknown', {}, `[${el.type}]`);
  const node = build({ block, el, ctx, at, change: (state) => change({ block, el, ctx, at, node }, state) });
  node.classList.add('element');
  return node;
}

// focusKey names an element across redraws.
export function focusKey(block, el) {
  return `${block.block_id}/${el.action_id}`;
}

// change is what happens when somebody gives an element a value: an input keeps it, anything else asks and acts.
async function change({ block, el, ctx, at, node }, state) {
  if (block.type === 'input') {
    at.enter(block, el, state);
    if (block.dispatch_action && !state.quiet) await act({ block, el, at, node }, state);
    return;
  }
  if (el.confirm && !(await confirmed(el.confirm, ctx))) return;
  await act({ block, el, at, node }, state);
}

function confirmed(c, ctx) {
  return ask(ctx.root, {
    title: plain(c.title),
    text: textObject(c.text, ctx),
    yes: plain(c.confirm),
    no: plain(c.deny),
    danger: c.style === 'danger',
  });
}

async function act({ block, el, at, node }, state) {
  node?.classList.add('busy');
  node?.classList.remove('failed');
  try {
    await at.act(block, el, state);
  } catch (e) {
    node?.classList.add('failed');
    node?.setAttribute('title', e.message);
  } finally {
    node?.classList.remove('busy');
  }
}

// button presses at once; with a url the browser follows it as well, and the app is told all the same.
function button({ el, change }) {
  const style = { primary: 'primary', danger: 'danger' }[el.style] ?? '';
  const href = el.url && safeURL(el.url);
  const label = [plain(el.text)];
  const common = { class: style, 'aria-label': el.accessibility_label, title: el.text.text };
  // While one press is under way another is not sent.
  const press = () => !node.classList.contains('busy') && change({ type: 'button', value: el.value ?? '' });
  let node;
  if (href)
    node = h(
      'a.btn',
      {
        ...common,
        href,
        target: '_blank',
        rel: 'noopener noreferrer',
        onclick: press,
      },
      label,
      h('span.out', { 'aria-hidden': 'true' }, ' ↗'),
    );
  else node = h('button.btn', { ...common, type: 'button', onclick: press }, label);
  return node;
}

function iconButton({ el, change: press }) {
  return h(
    'button.iconbtn',
    { type: 'button', title: el.text.text, onclick: () => press({ type: el.type, value: el.value ?? '' }) },
    el.icon === 'trash' ? '🗑️' : '•',
    h('span.sr', {}, el.text.text),
  );
}

function feedback({ el, change: press }) {
  const one = (b, sign) =>
    h(
      'button.iconbtn',
      { type: 'button', title: b.text.text, onclick: () => press({ type: el.type, value: b.value }) },
      sign,
      h('span.sr', {}, b.text.text),
    );
  return h('span.feedback', {}, one(el.positive_button, '👍'), one(el.negative_button, '👎'));
}

function overflow({ el, change: press }) {
  const node = h(
    'button.btn.overflow',
    { type: 'button', 'aria-label': 'More', 'aria-haspopup': 'menu', onclick: () => open() },
    '⋯',
  );
  const open = () =>
    menu(
      node,
      el.options.map((o) => ({
        label: o.text.text,
        run: () => {
          const href = o.url && safeURL(o.url);
          if (href) window.open(href, '_blank', 'noopener');
          press({ type: 'overflow', selected_option: o });
        },
      })),
    );
  return node;
}

const asOption = (o, ctx) => ({
  value: o.value,
  label: o.text.text,
  hint: o.description?.text,
  raw: o,
  nodes: () => textObject(o.text, ctx),
});

function optionGroups(el, ctx) {
  if (el.option_groups)
    return el.option_groups.map((g) => ({ label: g.label.text, options: g.options.map((o) => asOption(o, ctx)) }));
  return [{ label: null, options: (el.options ?? []).map((o) => asOption(o, ctx)) }];
}

// menuOf draws every select; kind says where options come from and under which key the value is kept.
function menuOf({ block, el, ctx, at, change: pick }, kind) {
  const multi = el.type.startsWith('multi_');
  const state = at.state(block, el);
  const kept = state?.[kind.key];
  const before = (multi ? (kept ?? []) : kept ? [kept] : []).map((v) => kind.read(v, ctx));
  return select({
    label: el.placeholder?.text ?? block.label?.text ?? el.action_id,
    placeholder: el.placeholder?.text ?? (multi ? 'Choose some' : 'Choose one'),
    chosen: before,
    multi,
    max: el.max_selected_items ?? Infinity,
    minQuery: el.type.endsWith('external_select') ? (el.min_query_length ?? 3) : 0,
    load: kind.load(el, ctx, (text) => at.suggest(block, el, text)),
    onchange: (list) => pick({ type: el.type, [kind.key]: multi ? list.map((o) => o.raw) : (list[0]?.raw ?? null) }),
    focusKey: focusKey(block, el),
  });
}

const named = (list) => (el, ctx) => filtered([{ label: null, options: list(ctx, el) }]);

const person = (u) => ({ value: u.id, label: u.real_name || u.name, hint: `@${u.name}`, raw: u.id });

const room = (c) => ({ value: c.id, label: `${c.is_im ? '' : '#'}${c.name}`, raw: c.id });

const sources = {
  static: {
    one: 'selected_option',
    many: 'selected_options',
    read: (o, ctx) => asOption(o, ctx),
    load: (el, ctx) => filtered(optionGroups(el, ctx)),
  },
  external: {
    one: 'selected_option',
    many: 'selected_options',
    read: (o, ctx) => asOption(o, ctx),
    load: (el, ctx, suggest) => async (text) => {
      const found = await suggest(text);
      return optionGroups(found, ctx);
    },
  },
  users: {
    one: 'selected_user',
    many: 'selected_users',
    read: (id, ctx) => ({ value: id, label: ctx.userName(id) ?? id, raw: id }),
    load: named((ctx) => ctx.people().map(person)),
  },
  channels: {
    one: 'selected_channel',
    many: 'selected_channels',
    read: (id, ctx) => ({ value: id, label: `#${ctx.channelName(id) ?? id}`, raw: id }),
    load: named((ctx) =>
      ctx
        .channels()
        .filter((c) => !c.is_im && !c.is_private)
        .map(room),
    ),
  },
  conversations: {
    one: 'selected_conversation',
    many: 'selected_conversations',
    read: (id, ctx) => ({ value: id, label: ctx.roomTitle(id), raw: id }),
    load: named((ctx, el) =>
      ctx
        .channels()
        .filter((c) => fits(c, el.filter))
        .map((c) => ({ ...room(c), label: ctx.roomTitle(c.id) })),
    ),
  },
};

function fits(c, filter) {
  const kind = c.is_im ? 'im' : c.is_mpim ? 'mpim' : c.is_private ? 'private' : 'public';
  return !filter?.include || filter.include.includes(kind);
}

const menuKinds = Object.entries(sources).flatMap(([name, s]) => [
  [`${name}_select`, (where) => menuOf(where, { ...s, key: s.one })],
  [`multi_${name}_select`, (where) => menuOf(where, { ...s, key: s.many })],
]);

function choices({ block, el, ctx, at, change: pick }, type, key) {
  const name = uid('choice');
  const kept = at.state(block, el)?.[key];
  const on = new Set((Array.isArray(kept) ? kept : kept ? [kept] : []).map((o) => o.value));
  const box = h('div.choices', { role: type === 'radio' ? 'radiogroup' : 'group' });
  const changed = () => {
    const picked = el.options.filter((o, i) => box.querySelectorAll('input')[i].checked);
    pick({ type: el.type, [key]: type === 'radio' ? (picked[0] ?? null) : picked });
  };
  for (const [i, o] of el.options.entries()) {
    const input = h('input', {
      type,
      name,
      checked: on.has(o.value),
      onchange: changed,
      dataset: { focus: `${focusKey(block, el)}/${i}` },
    });
    box.append(
      h(
        'label.choice',
        {},
        input,
        h('span', {}, textObject(o.text, ctx), o.description && h('span.hint', {}, textObject(o.description, ctx))),
      ),
    );
  }
  return box;
}

// picker is a date or time. Browsers have their own; its value is already Slack's form.
function picker({ block, el, at, change: pick }, type, key) {
  const input = h('input.picker', {
    type,
    value: at.state(block, el)?.[key] ?? '',
    'aria-label': el.placeholder?.text ?? block.label?.text ?? type,
    dataset: { focus: focusKey(block, el) },
    onchange: () => pick({ type: el.type, [key]: input.value || null }),
  });
  return input;
}

// datetime is kept as Unix seconds and shown in the reader's zone.
function datetime({ block, el, ctx, at, change: pick }) {
  const kept = at.state(block, el)?.selected_date_time;
  const input = h('input.picker', {
    type: 'datetime-local',
    value: kept ? ctx.toLocal(kept) : '',
    'aria-label': block.label?.text ?? 'Date and time',
    title: ctx.zone,
    dataset: { focus: focusKey(block, el) },
    onchange: () => pick({ type: el.type, selected_date_time: input.value ? ctx.fromLocal(input.value) : null }),
  });
  return input;
}

// typed is every input for text. Its value is kept with each key; whether a key or Enter also acts is the app's choice.
function typed({ block, el, at, change: pick }, attributes) {
  const on = el.dispatch_action_config?.trigger_actions_on ?? ['on_enter_pressed'];
  const tag = attributes.rows ? 'textarea' : 'input';
  const say = (quiet) => pick({ type: el.type, value: input.value || null, ...(quiet && { quiet: true }) });
  const input = h(`${tag}.text`, {
    ...attributes,
    value: at.state(block, el)?.value ?? el.initial_value ?? '',
    placeholder: el.placeholder?.text,
    minlength: el.min_length,
    maxlength: el.max_length,
    'aria-label': block.label?.text,
    dataset: { focus: focusKey(block, el) },
    oninput: () => say(!on.includes('on_character_entered')),
    onkeydown: (e) => {
      if (e.key !== 'Enter' || tag === 'textarea' || e.isComposing || !block.dispatch_action) return;
      e.preventDefault();
      say(!on.includes('on_enter_pressed'));
    },
  });
  return input;
}

function rich({ block, el, at, change: pick }) {
  const before = (at.state(block, el)?.rich_text_value?.elements ?? [])
    .flatMap((s) => s.elements ?? [])
    .map((e) => e.text ?? '')
    .join('');
  const input = h('textarea.text', {
    rows: String(el.min_lines ?? 4),
    value: before,
    placeholder: el.placeholder?.text,
    'aria-label': block.label?.text,
    dataset: { focus: focusKey(block, el) },
    oninput: () =>
      pick({
        type: el.type,
        quiet: true,
        rich_text_value: input.value
          ? {
              type: 'rich_text',
              elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: input.value }] }],
            }
          : null,
      }),
  });
  return input;
}

function files({ block, el, ctx, at, change: pick }) {
  const list = h(
    'ul.filelist',
    {},
    (at.state(block, el)?.files ?? []).map((f) => h('li', {}, f.name)),
  );
  const input = h('input', {
    type: 'file',
    multiple: (el.max_files ?? 10) > 1,
    accept: (el.filetypes ?? []).map((t) => `.${t}`).join(','),
    dataset: { focus: focusKey(block, el) },
    onchange: async () => {
      const uploaded = await Promise.all([...input.files].slice(0, el.max_files ?? 10).map((f) => ctx.upload(f)));
      list.replaceChildren(...uploaded.map((f) => h('li', {}, f.name)));
      pick({ type: el.type, files: uploaded });
    },
  });
  return h('div.files', {}, input, list);
}

const builders = {
  button,
  workflow_button: ({ el }) =>
    h(
      'button.btn',
      { type: 'button', disabled: true, title: 'Workflows do not run in the simulated workspace' },
      plain(el.text),
    ),
  icon_button: iconButton,
  feedback_buttons: feedback,
  overflow,
  ...Object.fromEntries(menuKinds),
  checkboxes: (w) => choices(w, 'checkbox', 'selected_options'),
  radio_buttons: (w) => choices(w, 'radio', 'selected_option'),
  datepicker: (w) => picker(w, 'date', 'selected_date'),
  timepicker: (w) => picker(w, 'time', 'selected_time'),
  datetimepicker: datetime,
  plain_text_input: (w) => typed(w, w.el.multiline ? { rows: '4' } : { type: 'text' }),
  email_text_input: (w) => typed(w, { type: 'email', inputmode: 'email' }),
  url_text_input: (w) => typed(w, { type: 'url', inputmode: 'url' }),
  number_input: (w) => typed(w, { type: 'text', inputmode: w.el.is_decimal_allowed ? 'decimal' : 'numeric' }),
  rich_text_input: rich,
  file_input: files,
};

const firstValues = {
  initial_option: 'selected_option',
  initial_options: 'selected_options',
  initial_user: 'selected_user',
  initial_users: 'selected_users',
  initial_date: 'selected_date',
  initial_time: 'selected_time',
  initial_date_time: 'selected_date_time',
  initial_channel: 'selected_channel',
  initial_channels: 'selected_channels',
  initial_conversation: 'selected_conversation',
  initial_conversations: 'selected_conversations',
  initial_value: 'value',
};

// initialState is an element's value before anybody touched it, as the element itself says; null where it is empty.
export function initialState(el) {
  const found = Object.entries(firstValues).find(([from]) => el[from] !== undefined);
  return found ? { [found[1]]: el[found[0]] } : null;
}
