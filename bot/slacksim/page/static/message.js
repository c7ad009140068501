// Draws one message with its header, reactions, files, thread line and the things one can do to it.

import { anchor, h } from './dom.js';
import { attachments, blocks } from './blocks.js';
import { clock, dayName, full } from './dates.js';
import { common, glyph } from './emoji.js';
import { emoji, mrkdwn } from './mrkdwn.js';
import { menu, pickEmoji } from './popup.js';

// avatar is a coloured square with initials; a bot's has a bell.
export function avatar(user, size = '') {
  const name = user?.real_name || user?.name || '?';
  const node = h(
    `span.avatar${size ? `.${size}` : ''}`,
    { 'aria-hidden': 'true' },
    user?.is_bot
      ? '🔔'
      : name
          .split(/\s+/)
          .map((w) => w[0])
          .slice(0, 2)
          .join('')
          .toUpperCase(),
  );
  node.classList.add(`hue-${hue(user?.id ?? name)}`);
  return node;
}

function hue(id) {
  let sum = 0;
  for (const c of id) sum = (sum * 31 + c.charCodeAt(0)) % 997;
  return sum % 10;
}

// continues tells whether a message goes under the one before without a header of its own.
function continues(m, before) {
  return (
    Boolean(before) &&
    before.user === m.user &&
    before.bot_id === m.bot_id &&
    (before.username ?? '') === (m.username ?? '') &&
    !before.subtype &&
    !m.subtype &&
    !m.ephemeral &&
    !before.ephemeral &&
    Number(m.ts) - Number(before.ts) < 300 &&
    before.thread_ts === m.thread_ts
  );
}

// message draws m. where says which channel, whether in the thread pane, and what can be done.
export function message(m, ctx, where) {
  const author = ctx.user(m.user);
  const name = m.username || author?.real_name || author?.name || m.user || 'Slackbot';
  if (isNotice(m)) return notice(m, ctx, name);
  const node = h('article.message', {
    class: [m.compact ? 'compact' : '', m.ephemeral ? 'ephemeral' : '', mentionsMe(m, ctx) ? 'for-me' : ''].join(' '),
    tabindex: '-1',
    'aria-label': `${name}, ${clock(Number(m.ts), ctx.zone)}`,
    onkeydown: (e) => keys(e, m, where, node),
  });
  const time = h(
    'time',
    { title: full(Number(m.ts), ctx.zone), datetime: new Date(Number(m.ts) * 1000).toISOString() },
    clock(Number(m.ts), ctx.zone),
  );
  const head = h(
    'header',
    {},
    h('span.author', {}, name),
    author?.is_bot && h('span.badge', {}, 'APP'),
    time,
    m.pinned && h('span.pinned', {}, '📌 pinned'),
  );
  node.append(
    m.compact ? h('span.gutter', {}, time) : avatar(author),
    h(
      'div.message-main',
      {},
      m.ephemeral &&
        h(
          'p.only-you',
          {},
          '👁 Only visible to you ',
          h('button.link', { type: 'button', onclick: () => where.dismiss(m) }, 'Dismiss'),
        ),
      !m.compact && head,
      body(m, ctx, where),
      reactions(m, ctx, where),
      threadLine(m, ctx, where),
    ),
  );
  if (!m.ephemeral) node.append(toolbar(m, ctx, where));
  return node;
}

function mentionsMe(m, ctx) {
  return m.user !== ctx.me.id && (m.text ?? '').includes(`<@${ctx.me.id}>`);
}

// body is an app's blocks where there are some, else the text; then attachments and files. What people type is drawn from
// its text, as their own client would format it.
function body(m, ctx, where) {
  const at = where.surface(m);
  const list =
    m.blocks?.length && m.bot_id ? blocks(m.blocks, ctx, at) : [h('div.text-object', {}, mrkdwn(m.text ?? '', ctx))];
  return h(
    'div.body',
    {},
    list,
    m.edited && h('span.edited', { title: `Edited ${clock(Number(m.edited.ts), ctx.zone, true)}` }, '(edited)'),
    m.attachments && attachments(m.attachments, ctx, at),
    (m.files ?? []).map((f) => file(f)),
  );
}

function file(f) {
  const size = f.size > 1024 ? `${Math.round(f.size / 1024)} kB` : `${f.size ?? 0} bytes`;
  const link = f.url_private ? anchor(f.url_private, f.title || f.name || f.id) : f.title || f.name || f.id;
  const card = h(
    'div.file',
    {},
    h('span.file-icon', { 'aria-hidden': 'true' }, '📄'),
    h('span', {}, link, h('span.hint', {}, ` ${f.filetype ?? ''} ${size}`)),
  );
  if (!f.url_private || !pictures.includes(f.mimetype)) return card;
  return [card, h('img.shared', { src: f.url_private, alt: f.alt_txt || f.title || f.name, loading: 'lazy' })];
}

// pictures are what a message shows of the files that it has, as Slack does.
const pictures = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

function reactions(m, ctx, where) {
  if (!m.reactions?.length) return null;
  return h(
    'div.reactions',
    {},
    m.reactions.map((r) => {
      const mine = r.users.includes(ctx.me.id);
      const who = r.users.map((u) => ctx.userName(u) ?? u).join(', ');
      return h(
        'button.reaction',
        {
          type: 'button',
          class: mine ? 'mine' : '',
          'aria-pressed': String(mine),
          title: `${who} reacted with :${r.name}:`,
          onclick: () => where.react(m, r.name, !mine),
        },
        emoji(r.name),
        ` ${r.count}`,
      );
    }),
    h(
      'button.reaction',
      {
        type: 'button',
        'aria-label': 'Add a reaction',
        onclick: (e) => pickEmoji(e.currentTarget, (name) => where.react(m, name, true)),
      },
      '☺ +',
    ),
  );
}

function threadLine(m, ctx, where) {
  if (!m.reply_count || where.inThread) return null;
  const last = m.latest_reply ? `last at ${clock(Number(m.latest_reply), ctx.zone)}` : '';
  return h(
    'button.thread-line',
    { type: 'button', onclick: () => where.openThread(m) },
    (m.reply_users ?? []).slice(0, 3).map((u) => avatar(ctx.user(u), 'tiny')),
    h('strong', {}, `${m.reply_count} ${m.reply_count === 1 ? 'reply' : 'replies'}`),
    h('span.hint', {}, last),
  );
}

function toolbar(m, ctx, where) {
  const tool = (label, sign, run) =>
    h('button', { type: 'button', title: label, 'aria-label': label, onclick: (e) => run(e.currentTarget) }, sign);
  return h(
    'div.tools',
    { role: 'toolbar', 'aria-label': 'Message actions' },
    common
      .slice(0, 3)
      .map((name) => tool(`React with ${name}`, glyph(name), () => where.react(m, name, !reacted(m, name, ctx)))),
    tool('Find another reaction', '☺', (node) => pickEmoji(node, (name) => where.react(m, name, true))),
    !where.inThread && tool('Reply in thread', '💬', () => where.openThread(m)),
    tool('More actions', '⋯', (node) => menu(node, where.more(m))),
  );
}

function reacted(m, name, ctx) {
  return Boolean(m.reactions?.find((r) => r.name === name)?.users.includes(ctx.me.id));
}

function keys(e, m, where, node) {
  if (e.target !== node) return;
  const run = {
    Enter: () => where.openThread(m),
    r: () => node.querySelector('.tools [title="Find another reaction"]')?.click(),
    p: () => where.pin(m, !m.pinned),
    m: () => node.querySelector('.tools [title="More actions"]')?.click(),
  }[e.key];
  if (!run || e.metaKey || e.ctrlKey || e.altKey) return;
  e.preventDefault();
  run();
}

function topic(m, ctx) {
  return m.topic ? ['set the topic: ', h('em', {}, mrkdwn(m.topic, ctx))] : 'cleared the topic';
}

const notices = {
  channel_join: () => 'joined the channel',
  channel_leave: () => 'left the channel',
  group_join: () => 'joined the channel',
  group_leave: () => 'left the channel',
  channel_archive: () => 'archived the channel',
  channel_unarchive: () => 'unarchived the channel',
  channel_topic: topic,
  group_topic: topic,
  channel_purpose: (m, ctx) => ['set the description: ', h('em', {}, mrkdwn(m.purpose ?? '', ctx))],
  group_purpose: (m, ctx) => ['set the description: ', h('em', {}, mrkdwn(m.purpose ?? '', ctx))],
  channel_name: (m) => `renamed the channel from ${m.old_name ?? '?'} to ${m.name ?? '?'}`,
  group_name: (m) => `renamed the channel from ${m.old_name ?? '?'} to ${m.name ?? '?'}`,
  pinned_item: () => 'pinned a message',
};

function isNotice(m) {
  return Boolean(notices[m.subtype]);
}

function notice(m, ctx, name) {
  return h(
    'div.notice',
    {},
    h('span.author', {}, name),
    ' ',
    notices[m.subtype](m, ctx),
    ' ',
    h('time', { title: full(Number(m.ts), ctx.zone) }, clock(Number(m.ts), ctx.zone)),
  );
}

// prepared adds to each message what its looks depend on besides itself.
export function prepared(messages, room, ctx) {
  const pinned = new Set(room.pins.map((p) => p.ts));
  const reader = { zone: ctx.zone, now: ctx.now() };
  let before = null;
  let day = null;
  return messages.map((m) => {
    const name = dayName(Number(m.ts), reader);
    const fresh = name !== day;
    const out = {
      ...m,
      key: m.ts + (m.ephemeral ? 'e' : ''),
      pinned: pinned.has(m.ts),
      compact: !fresh && continues(m, before),
      day: fresh ? name : null,
    };
    day = name;
    before = m;
    out.sign = `${JSON.stringify(out)}${ctx.zone}${ctx.me.id}`;
    return out;
  });
}
