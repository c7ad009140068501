// Draws Block Kit: layout blocks of messages, modals and Home tabs.

import { anchor, h, safeURL, uid } from './dom.js';
import { channelLink, emoji, mention, mrkdwn, plain, textObject } from './mrkdwn.js';
import { format, full } from './dates.js';
import { markdown } from './markdown.js';
import { element } from './elements.js';

// blocks draws a list of blocks. at is where they stand: see elements.js; at.errors may hold lines for input blocks.
export function blocks(list, ctx, at) {
  const tables = list.filter((b) => b.type === 'table');
  // Slack shows a message's table under everything else.
  return [...list.filter((b) => b.type !== 'table'), ...tables].map((b) => block(b, ctx, at));
}

function block(b, ctx, at) {
  const draw = drawers[b.type];
  if (!draw) return h('div.block.unknown', {}, `A block of the type ${b.type}, which this page cannot draw`);
  const node = draw(b, ctx, at);
  node.classList.add('block', `block-${b.type}`);
  node.dataset.block = b.block_id ?? '';
  return node;
}

function section(b, ctx, at) {
  const body = h(
    'div.section-body',
    {},
    b.text && h('div.text-object', {}, textObject(b.text, ctx)),
    b.fields &&
      h(
        'div.fields',
        {},
        b.fields.map((f) => h('div.field', {}, textObject(f, ctx))),
      ),
  );
  if (!b.accessory) return h('div', {}, body);
  const side = b.accessory.type === 'image' ? picture(b.accessory, ctx, 'accessory') : element(b, b.accessory, ctx, at);
  return h('div.with-accessory', {}, body, h('div.accessory-box', {}, side));
}

function picture(image, ctx, kind) {
  const src = image.image_url ?? (image.slack_file && ctx.fileURL(image.slack_file));
  const href = src && safeURL(src);
  if (!href) return h('span.noimage', { title: src ?? '' }, `🖼 ${image.alt_text}`);
  return h(`img.${kind}`, { src: href, alt: image.alt_text, loading: 'lazy', referrerpolicy: 'no-referrer' });
}

function imageBlock(b, ctx) {
  return h('figure', {}, b.title && h('figcaption', {}, plain(b.title)), picture(b, ctx, 'big'));
}

function context(b, ctx) {
  return h(
    'div',
    {},
    b.elements.map((e) =>
      e.type === 'image' ? picture(e, ctx, 'tiny') : h('span.context-text', {}, textObject(e, ctx)),
    ),
  );
}

function actions(b, ctx, at) {
  return h(
    'div',
    {},
    b.elements.map((e) => element(b, e, ctx, at)),
  );
}

function input(b, ctx, at) {
  const error = at.errors?.[b.block_id];
  const id = uid('input');
  const node = element(b, b.element, ctx, at);
  return h(
    'div',
    { class: error ? 'has-error' : '' },
    h('div.label', { id }, plain(b.label), b.optional && h('span.optional', {}, ' (optional)')),
    node,
    error && h('p.error', { role: 'alert' }, error),
    b.hint && h('p.hint', {}, plain(b.hint)),
  );
}

function video(b) {
  return h(
    'figure',
    {},
    h('figcaption', {}, anchor(b.title_url ?? b.video_url, plain(b.title))),
    b.description && h('p.hint', {}, plain(b.description)),
    h('span.noimage', {}, `▶ ${b.alt_text}`),
  );
}

function table(b, ctx, at) {
  const settings = b.column_settings ?? [];
  const cell = (tag, c, i) =>
    h(
      tag,
      { class: [settings[i]?.align ?? '', settings[i]?.is_wrapped ? 'wrapped' : ''].join(' ') },
      cellNodes(c, ctx, at),
    );
  const [head, ...rows] = b.rows;
  return h(
    'div.tablebox',
    {},
    h(
      'table',
      {},
      b.caption && h('caption', {}, b.caption),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          head.map((c, i) => cell('th', c, i)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map((r) =>
          h(
            'tr',
            {},
            r.map((c, i) => cell('td', c, i)),
          ),
        ),
      ),
    ),
  );
}

function cellNodes(c, ctx, at) {
  if (c.type === 'rich_text') return rich(c, ctx);
  if (c.type === 'action') return element({ type: 'actions', block_id: '' }, c.element, ctx, at);
  return c.text ?? String(c.value ?? '');
}

function card(b, ctx, at) {
  return h(
    'div',
    {},
    b.hero_image && picture(b.hero_image, ctx, 'big'),
    b.title && h('div.card-title', {}, textObject(b.title, ctx)),
    b.subtitle && h('div.hint', {}, textObject(b.subtitle, ctx)),
    b.body && h('div', {}, textObject(b.body, ctx)),
    b.subtext && h('div.hint', {}, textObject(b.subtext, ctx)),
    b.actions &&
      h(
        'div.block-actions',
        {},
        b.actions.map((e) => element(b, e, ctx, at)),
      ),
  );
}

function container(b, ctx, at) {
  const title = [plain(b.title), b.subtitle && h('span.hint', {}, ' ', textObject(b.subtitle, ctx))];
  const children = b.child_blocks.map((c) => block(c, ctx, at));
  if (b.is_collapsible)
    return h('div', {}, h('details', { open: !b.default_collapsed }, h('summary', {}, title), children));
  return h('div', {}, h('div.card-title', {}, title), children);
}

function chart(b) {
  const c = b.chart;
  const rows =
    c.segments ?? c.series.flatMap((s) => s.data.map((d) => ({ label: `${s.name}: ${d.label}`, value: d.value })));
  const most = Math.max(...rows.map((r) => r.value), 1);
  return h(
    'figure',
    {},
    h('figcaption', {}, b.title),
    h(
      'div.chart',
      {},
      rows.map((r) => {
        const bar = h('meter', { min: '0', max: String(most), value: String(r.value) });
        return h('div.chart-row', {}, h('span', {}, r.label), bar, h('span', {}, String(r.value)));
      }),
    ),
  );
}

const drawers = {
  section,
  context,
  actions,
  input,
  video,
  table,
  card,
  container,
  data_table: table,
  image: imageBlock,
  data_visualization: chart,
  divider: () => h('hr'),
  header: (b) => h(`h${Math.min(2 + (b.level ?? 1), 6)}`, {}, plain(b.text)),
  markdown: (b) => h('div', {}, markdown(b.text)),
  rich_text: (b, ctx) => h('div', {}, rich(b, ctx)),
  file: (b) => h('div', {}, `📄 ${b.external_id}`),
  alert: (b, ctx) => h('div', { class: `level-${b.level ?? 'default'}`, role: 'note' }, textObject(b.text, ctx)),
  carousel: (b, ctx, at) =>
    h(
      'div',
      {},
      b.elements.map((c) => block(c, ctx, at)),
    ),
  context_actions: actions,
  task_card: (b, ctx) =>
    h(
      'div',
      {},
      h('strong', {}, b.title),
      ' ',
      h('span.hint', {}, b.status ?? ''),
      b.details && rich(b.details, ctx),
      b.output && rich(b.output, ctx),
    ),
  plan: (b, ctx, at) =>
    h(
      'div',
      {},
      h('strong', {}, b.title),
      (b.tasks ?? []).map((t) => block(t, ctx, at)),
    ),
};

// rich draws a rich_text block's parts.
export function rich(b, ctx) {
  return b.elements.map((part) => richParts[part.type]?.(part, ctx) ?? `[${part.type}]`);
}

const richParts = {
  rich_text_section: (p, ctx) => h('div', {}, inlines(p.elements, ctx)),
  rich_text_quote: (p, ctx) => h('blockquote', {}, inlines(p.elements, ctx)),
  rich_text_preformatted: (p, ctx) => h('pre', {}, inlines(p.elements, ctx)),
  rich_text_list: (p, ctx) =>
    h(
      p.style === 'ordered' ? 'ol' : 'ul',
      { class: `indent-${Math.min(p.indent ?? 0, 8)}`, start: p.offset ? String(p.offset + 1) : null },
      p.elements.map((item) => h('li', {}, inlines(item.elements, ctx))),
    ),
};

function inlines(list, ctx) {
  return list.map((e) => styled(inlineParts[e.type]?.(e, ctx) ?? e.text ?? '', e.style));
}

// breaks keeps the line breaks of a text.
function breaks(text) {
  return text.split('\n').flatMap((line, i) => (i ? [h('br'), line] : [line]));
}

const inlineParts = {
  text: (e) => breaks(e.text),
  link: (e) => anchor(e.url, e.text || e.url),
  emoji: (e) => emoji(e.name, e.skin_tone),
  user: (e, ctx) => mention(ctx, e.user_id),
  usergroup: (e, ctx) =>
    h('span.mention', {}, `@${(ctx.groupName(e.usergroup_id) ?? e.usergroup_id).replace(/^@/, '')}`),
  channel: (e, ctx) => channelLink(ctx, e.channel_id),
  team: (e) => h('span.mention', {}, e.team_id),
  broadcast: (e) => h('span.mention.loud', {}, `@${e.range}`),
  color: (e) => swatch(e.value),
  date: (e, ctx) =>
    h(
      'time',
      { title: full(e.timestamp, ctx.zone) },
      format(e.format, e.timestamp, { zone: ctx.zone, now: ctx.now() }),
    ),
};

function swatch(value) {
  const dot = h('span.swatch', { 'aria-hidden': 'true' });
  dot.style.background = value;
  return h('span', {}, dot, value);
}

function styled(node, style) {
  if (!style) return node;
  let out = node;
  for (const [key, tag] of [
    ['code', 'code'],
    ['strike', 's'],
    ['italic', 'em'],
    ['bold', 'strong'],
  ])
    if (style[key]) out = h(tag, {}, out);
  return out;
}

// attachments draws the older kind of additions: a bar of colour with blocks, or with text and fields.
export function attachments(list, ctx, at) {
  return list.map((a) => {
    const node = h(
      'div.attachment',
      {},
      a.pretext && h('div', {}, mrkdwn(a.pretext, ctx)),
      a.title && h('div.card-title', {}, a.title_link ? anchor(a.title_link, a.title) : a.title),
      a.text && h('div', {}, mrkdwn(a.text, ctx)),
      a.fields &&
        h(
          'div.fields',
          {},
          a.fields.map((f) => h('div.field', {}, h('strong', {}, f.title), h('div', {}, mrkdwn(String(f.value), ctx)))),
        ),
      a.blocks && blocks(a.blocks, ctx, at),
      a.footer && h('div.hint', {}, a.footer),
    );
    if (a.color)
      node.style.borderLeftColor =
        { good: '#2eb67d', warning: '#ecb22e', danger: '#e01e5a' }[a.color] ??
        (a.color.startsWith('#') ? a.color : `#${a.color}`);
    return node;
  });
}
