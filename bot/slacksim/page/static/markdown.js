// Draws standard markdown: markdown blocks and canvases. The subset that Slack renders.

import { anchor, h } from './dom.js';
import { emoji } from './mrkdwn.js';
import { glyph } from './emoji.js';

// markdown gives the DOM nodes of a document.
export function markdown(text) {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  const nodes = [];
  for (let i = 0; i < lines.length;) {
    const reader = readers.find((r) => r.starts(lines, i));
    const { node, next } = reader.read(lines, i);
    if (node) nodes.push(node);
    i = next;
  }
  return nodes;
}

const bullet = /^(\s*)(?:[-*+]|(\d+)[.)])\s+(.*)$/;
const tableRule = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

const readers = [
  { starts: (l, i) => !l[i].trim(), read: (l, i) => ({ next: i + 1 }) },
  { starts: (l, i) => l[i].startsWith('```'), read: fence },
  { starts: (l, i) => /^#{1,6}\s/.test(l[i]), read: heading },
  { starts: (l, i) => /^\s*([-*_])\s*(\1\s*){2,}$/.test(l[i]), read: (l, i) => ({ node: h('hr'), next: i + 1 }) },
  { starts: (l, i) => l[i].includes('|') && tableRule.test(l[i + 1] ?? ''), read: table },
  { starts: (l, i) => l[i].startsWith('>'), read: quote },
  { starts: (l, i) => bullet.test(l[i]), read: list },
  { starts: () => true, read: paragraph },
];

function fence(lines, i) {
  let end = i + 1;
  while (end < lines.length && !lines[end].startsWith('```')) end += 1;
  return { node: h('pre', {}, lines.slice(i + 1, end).join('\n')), next: end + 1 };
}

function heading(lines, i) {
  const [, marks, text] = /^(#{1,6})\s+(.*?)\s*#*$/.exec(lines[i]) ?? [null, '#', lines[i]];
  return { node: h(`h${Math.min(marks.length + 2, 6)}`, {}, spans(text)), next: i + 1 };
}

function quote(lines, i) {
  let end = i;
  while (end < lines.length && lines[end].startsWith('>')) end += 1;
  const inner = lines
    .slice(i, end)
    .map((l) => l.replace(/^>\s?/, ''))
    .join('\n');
  return { node: h('blockquote', {}, markdown(inner)), next: end };
}

// list reads one list with what is indented under its items.
function list(lines, i) {
  const [, indent, ordered] = bullet.exec(lines[i]);
  const node = h(ordered ? 'ol' : 'ul', ordered && ordered !== '1' ? { start: ordered } : {});
  let at = i;
  while (at < lines.length) {
    const m = bullet.exec(lines[at]);
    if (!m || m[1].length < indent.length) break;
    if (m[1].length > indent.length) {
      const deeper = list(lines, at);
      (node.lastElementChild ?? node).append(deeper.node);
      at = deeper.next;
      continue;
    }
    node.append(item(m[3]));
    at += 1;
  }
  return { node, next: at };
}

function item(text) {
  const task = /^\[([ xX])\]\s+(.*)$/.exec(text);
  if (!task) return h('li', {}, spans(text));
  const box = h('input', { type: 'checkbox', disabled: true, checked: task[1] !== ' ' });
  return h('li.task', {}, box, ' ', spans(task[2]));
}

function table(lines, i) {
  const cells = (line) =>
    line
      .trim()
      .replace(/^\||\|$/g, '')
      .split(/(?<!\\)\|/)
      .map((c) => c.trim().replace(/\\\|/g, '|'));
  let end = i + 2;
  while (end < lines.length && lines[end].includes('|')) end += 1;
  const head = h(
    'tr',
    {},
    cells(lines[i]).map((c) => h('th', {}, spans(c))),
  );
  const rows = lines.slice(i + 2, end).map((line) =>
    h(
      'tr',
      {},
      cells(line).map((c) => h('td', {}, spans(c))),
    ),
  );
  return { node: h('div.tablebox', {}, h('table', {}, h('thead', {}, head), h('tbody', {}, rows))), next: end };
}

function paragraph(lines, i) {
  let end = i + 1;
  while (
    end < lines.length &&
    lines[end].trim() &&
    readers.findIndex((r) => r.starts(lines, end)) === readers.length - 1
  )
    end += 1;
  const parts = lines.slice(i, end).flatMap((line, n) => (n ? [h('br'), ...spans(line)] : spans(line)));
  return { node: h('p', {}, parts), next: end };
}

const inlines = [
  [/^`([^`]+)`/, (m) => h('code', {}, m[1])],
  [/^!?\[([^\]]*)\]\(([^)\s]+)[^)]*\)/, (m) => anchor(m[2], ...spans(m[1] || m[2]))],
  [/^\*\*(\S(?:.*?\S)?)\*\*/, (m) => h('strong', {}, spans(m[1]))],
  [/^__(\S(?:.*?\S)?)__/, (m) => h('strong', {}, spans(m[1]))],
  [/^~~(\S(?:.*?\S)?)~~/, (m) => h('s', {}, spans(m[1]))],
  [/^\*(\S(?:.*?\S)?)\*/, (m) => h('em', {}, spans(m[1]))],
  [/^_(\S(?:.*?\S)?)_(?![\p{L}\p{N}])/u, (m) => h('em', {}, spans(m[1]))],
  [/^<(https?:[^>\s]+)>/, (m) => anchor(m[1], m[1])],
  [/^https?:\/\/[^\s<>)\]]+[^\s<>)\].,;:!?]/, (m) => anchor(m[0], m[0])],
  [/^:([a-z0-9_+'-]+):/, (m) => (glyph(m[1]) ? emoji(m[1]) : m[0])],
  [/^\\([\\`*_{}[\]()#+.!~|>-])/, (m) => m[1]],
];

// spans draws one line's inline marks.
function spans(text) {
  const nodes = [];
  let plain = '';
  for (let i = 0; i < text.length;) {
    const rest = text.slice(i);
    const inWord = rest[0] === '_' && /[\p{L}\p{N}]$/u.test(plain);
    const hit = inWord ? null : match(rest);
    if (!hit) {
      plain += text[i];
      i += 1;
      continue;
    }
    if (plain) nodes.push(plain);
    plain = '';
    nodes.push(hit.node);
    i += hit.length;
  }
  if (plain) nodes.push(plain);
  return nodes;
}

function match(rest) {
  for (const [pattern, build] of inlines) {
    const m = pattern.exec(rest);
    if (m) return { node: build(m), length: m[0].length };
  }
  return null;
}
