// Reads Slack's mrkdwn into a tree of plain objects and draws that tree. Reading knows nothing of the DOM.

import { anchor, h } from './dom.js';
import { format, full } from './dates.js';
import { glyph } from './emoji.js';

// unescape undoes the only three escapes that Slack has.
export function unescape(s) {
  return s.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
}

// parse gives the nodes of a text: {t: 'text', v}, b, i, s and quote with children c, code and pre with v, link, user,
// channel, group, cast, date, emoji, br. With verbatim, bare addresses stay text.
export function parse(text, { verbatim = false } = {}) {
  const nodes = [];
  for (const [i, part] of text.split('```').entries()) {
    // An opening fence without a closing one is three backticks.
    const fenced = i % 2 === 1;
    if (fenced && i < text.split('```').length - 1)
      nodes.push({ t: 'pre', v: verbatimText(part.replace(/^\n/, '').replace(/\n$/, '')) });
    else nodes.push(...lines((fenced ? '```' : '') + part, verbatim));
  }
  return nodes;
}

// verbatimText is code: Slack has wrapped addresses in it, and shows them plain.
function verbatimText(s) {
  return unescape(s.replace(/<([^<>|]+)(?:\|([^<>]*))?>/g, (_, head, label) => label || head));
}

// lines gathers quoted lines and puts line breaks between the others.
function lines(text, verbatim) {
  const nodes = [];
  let quote = null;
  let fresh = true;
  for (const line of text.split('\n')) {
    const quoted = /^(?:&gt;|>)\s?(.*)$/.exec(line);
    if (quoted) {
      if (quote) quote.c.push({ t: 'br' });
      else nodes.push((quote = { t: 'quote', c: [] }));
      quote.c.push(...inline(quoted[1], verbatim));
      fresh = true;
      continue;
    }
    if (!fresh) nodes.push({ t: 'br' });
    quote = null;
    fresh = false;
    nodes.push(...inline(line, verbatim));
  }
  return nodes;
}

const marks = { '*': 'b', _: 'i', '~': 's' };
const word = /[\p{L}\p{N}]/u;

function inline(s, verbatim) {
  const nodes = [];
  let plain = '';
  const flush = () => {
    if (plain) nodes.push({ t: 'text', v: unescape(plain) });
    plain = '';
  };
  for (let i = 0; i < s.length;) {
    const hit = take(s, i, verbatim);
    if (hit) {
      flush();
      nodes.push(hit.node);
      i = hit.end;
    } else {
      plain += s[i];
      i += 1;
    }
  }
  flush();
  return nodes;
}

// take reads what begins at i, if anything but plain text does.
function take(s, i, verbatim) {
  const c = s[i];
  if (c === '<') return bracket(s, i);
  if (c === '`') return code(s, i);
  if (c === ':') return emojiAt(s, i);
  if (marks[c]) return marked(s, i, verbatim);
  if (c === 'h' && !verbatim) return bareLink(s, i);
  return null;
}

function bracket(s, i) {
  const end = s.indexOf('>', i);
  if (end < 0) return null;
  return { node: entity(s.slice(i + 1, end)), end: end + 1 };
}

// entity is what stands between < and >; the first characters decide.
function entity(body) {
  const [head, ...rest] = body.split('|');
  const label = rest.length ? unescape(rest.join('|')) : null;
  if (/^@[UW]/.test(head)) return { t: 'user', id: head.slice(1), label };
  if (/^#C/.test(head)) return { t: 'channel', id: head.slice(1), label };
  if (head.startsWith('!subteam^')) return { t: 'group', id: head.slice(9), label };
  if (head.startsWith('!date^')) {
    const [, ts, pattern, link] = head.split('^');
    return { t: 'date', ts: Number(ts), pattern: unescape(pattern ?? ''), link: link ?? null, fallback: label ?? '' };
  }
  if (head.startsWith('!')) return { t: 'cast', range: head.slice(1).split('^')[0], label };
  return { t: 'link', url: unescape(head), label };
}

function code(s, i) {
  const end = s.indexOf('`', i + 1);
  if (end < 0 || end === i + 1) return null;
  return { node: { t: 'code', v: verbatimText(s.slice(i + 1, end)) }, end: end + 1 };
}

function emojiAt(s, i) {
  const m = /^:([a-z0-9_+'-]+)(?:::skin-tone-([2-6]))?:/.exec(s.slice(i, i + 80));
  if (!m || !glyph(m[1])) return null;
  return { node: { t: 'emoji', name: m[1], tone: m[2] ?? null }, end: i + m[0].length };
}

// marked reads *bold*, _italic_ and ~struck~: the marks touch the text inside and no letter outside.
function marked(s, i, verbatim) {
  const c = s[i];
  if (i > 0 && (word.test(s[i - 1]) || s[i - 1] === c)) return null;
  if (i + 1 >= s.length || /[\s]/.test(s[i + 1]) || s[i + 1] === c) return null;
  for (let j = i + 1; j < s.length; j += 1) {
    if (s[j] === '<' && s.indexOf('>', j) > 0) j = s.indexOf('>', j);
    else if (s[j] === '`' && s.indexOf('`', j + 1) > 0) j = s.indexOf('`', j + 1);
    else if (s[j] === c && !/\s/.test(s[j - 1]) && !(j + 1 < s.length && (word.test(s[j + 1]) || s[j + 1] === c))) {
      return { node: { t: marks[c], c: inline(s.slice(i + 1, j), verbatim) }, end: j + 1 };
    }
  }
  return null;
}

function bareLink(s, i) {
  if (i > 0 && word.test(s[i - 1])) return null;
  const m = /^https?:\/\/[^\s<>|`]+/.exec(s.slice(i));
  if (!m) return null;
  const url = m[0].replace(/[.,;:!?)'"*_~]+$/, '');
  return { node: { t: 'link', url: unescape(url), label: null }, end: i + url.length };
}

// draw turns nodes into DOM nodes. ctx knows names, the reader's zone and the workspace's time.
export function draw(nodes, ctx) {
  return nodes.map((n) => drawers[n.t](n, ctx));
}

const drawers = {
  text: (n) => document.createTextNode(n.v),
  br: () => h('br'),
  b: (n, ctx) => h('strong', {}, draw(n.c, ctx)),
  i: (n, ctx) => h('em', {}, draw(n.c, ctx)),
  s: (n, ctx) => h('s', {}, draw(n.c, ctx)),
  quote: (n, ctx) => h('blockquote', {}, draw(n.c, ctx)),
  code: (n) => h('code', {}, n.v),
  pre: (n) => h('pre', {}, n.v),
  link: (n) => anchor(n.url, n.label || n.url.replace(/^mailto:/, '')),
  user: (n, ctx) => mention(ctx, n.id, n.label),
  channel: (n, ctx) => channelLink(ctx, n.id, n.label),
  group: (n, ctx) => h('span.mention', {}, `@${(ctx.groupName(n.id) ?? n.label ?? n.id).replace(/^@/, '')}`),
  cast: (n) => h('span.mention.loud', {}, `@${n.range}`),
  emoji: (n) => emoji(n.name, n.tone),
  date: (n, ctx) => date(n, ctx),
};

// emoji is one emoji with its name for those who hover or listen.
export function emoji(name, tone) {
  const sign = glyph(name, tone);
  if (!sign) return document.createTextNode(`:${name}:`);
  return h('span.emoji', { role: 'img', 'aria-label': name.replace(/_/g, ' '), title: `:${name}:` }, sign);
}

export function mention(ctx, id, label) {
  const mine = id === ctx.me.id;
  return h(mine ? 'span.mention.mine' : 'span.mention', { title: id }, `@${ctx.userName(id) ?? label ?? id}`);
}

export function channelLink(ctx, id, label) {
  const name = ctx.channelName(id) ?? label;
  if (!name) return h('span.mention', { title: id }, '#private-channel');
  return h('button.mention', { type: 'button', onclick: () => ctx.openChannel(id) }, `#${name}`);
}

function date(n, ctx) {
  if (!Number.isFinite(n.ts)) return document.createTextNode(n.fallback);
  const shown = format(n.pattern, n.ts, { zone: ctx.zone, now: ctx.now() });
  const node = h('time', { datetime: new Date(n.ts * 1000).toISOString(), title: full(n.ts, ctx.zone) }, shown);
  return n.link ? anchor(n.link, node) : node;
}

// mrkdwn reads and draws.
export function mrkdwn(text, ctx, options) {
  return draw(parse(text, options), ctx);
}

// plain draws a plain_text object: emoji codes count unless they are switched off, nothing else does.
export function plain(object) {
  if (!object) return [];
  if (object.emoji === false) return [object.text];
  return object.text.split(/(:[a-z0-9_+'-]+:)/).map((part) => {
    const name = /^:(.+):$/.exec(part)?.[1];
    return name && glyph(name) ? emoji(name) : part;
  });
}

// textObject draws either kind.
export function textObject(object, ctx) {
  if (!object) return [];
  return object.type === 'mrkdwn' ? mrkdwn(object.text, ctx, { verbatim: object.verbatim === true }) : plain(object);
}
