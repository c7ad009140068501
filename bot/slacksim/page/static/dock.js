// The column at the side, which is not Slack: the guide, the phones that ring, the inspector and the faults.

import { act, calls } from './api.js';
import { clock } from './dates.js';
import { fill, h, keyed } from './dom.js';
import { avatar } from './message.js';
import { toast } from './popup.js';

// Dock has a tab for each part; app tells it what there is.
export class Dock {
  constructor(app) {
    this.app = app;
    this.parts = {
      guide: new Guide(app),
      phone: new Phone(app),
      inspector: new Inspector(app),
      faults: new Faults(app),
    };
    this.tabs = h('div.tabs', { role: 'tablist', 'aria-label': 'Side panel', onkeydown: (e) => this.keys(e) });
    this.panel = h('div.dock-panel', { role: 'tabpanel' });
    this.node = h('aside.dock', { hidden: true, 'aria-label': 'Side panel' }, this.tabs, this.panel);
    this.open = null;
  }

  // choose opens a part, or closes the dock when that part is open already, or for null.
  choose(name) {
    this.open = this.open === name ? null : name;
    this.node.hidden = !this.open;
    this.app.remember('dock', this.open ?? 'none');
    fill(this.panel, this.open && this.parts[this.open].node);
    this.parts[this.open]?.shown?.();
    this.draw();
  }

  show(data) {
    this.data = data;
    for (const part of Object.values(this.parts)) part.show(data);
    this.draw();
  }

  draw() {
    const names = Object.entries(this.parts).filter(([, part]) => part.present !== false);
    fill(
      this.tabs,
      names.map(([name, part]) =>
        h(
          'button.tab',
          {
            type: 'button',
            role: 'tab',
            'aria-selected': String(this.open === name),
            tabindex: this.open === name ? '0' : '-1',
            onclick: () => this.open !== name && this.choose(name),
          },
          part.title,
          part.badge?.() && h('span.count', {}, part.badge()),
        ),
      ),
      h(
        'button.close',
        { type: 'button', 'aria-label': 'Close the side panel', onclick: () => this.choose(this.open) },
        '×',
      ),
    );
    this.app.drawTools();
  }

  keys(e) {
    const tabs = [...this.tabs.querySelectorAll('.tab')];
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 }[e.key];
    if (to === undefined || at < 0) return;
    e.preventDefault();
    const next = (to + tabs.length) % tabs.length;
    tabs[next].click();
    this.tabs.querySelectorAll('.tab')[next].focus();
  }
}

// Guide leads through one incident. A step is ticked when it was seen to happen.
class Guide {
  constructor(app) {
    this.app = app;
    this.title = 'Guide';
    this.node = h('ol.guide');
    this.present = false;
  }

  show(data) {
    const steps = data.guide ?? [];
    this.present = steps.length > 0;
    const sign = JSON.stringify(steps);
    if (sign === this.sign) return;
    this.sign = sign;
    const next = steps.findIndex((s) => !s.done);
    fill(
      this.node,
      steps.map((s, i) =>
        h(
          'li.step',
          { class: s.done ? 'done' : i === next ? 'next' : '' },
          h('span.step-mark', { 'aria-hidden': 'true' }, s.done ? '✓' : String(i + 1)),
          h(
            'div',
            {},
            h('strong', {}, s.title, s.done && h('span.sr', {}, ' (done)')),
            !s.done && h('p', {}, this.words(s.body)),
            i === next && this.commands(s.body),
          ),
        ),
      ),
      next < 0 &&
        h('li.step.done.all', {}, h('span.step-mark', {}, '★'), h('strong', {}, 'That was a whole incident.')),
    );
    this.node.querySelector('.next')?.scrollIntoView({ block: 'nearest' });
  }

  // words shows what stands between backticks as something to type.
  words(text) {
    return text.split(/`([^`]+)`/).map((part, i) => (i % 2 === 0 ? part : h('code', {}, part)));
  }

  // commands has a button for each command of a text that writes it into the composer. The command itself stays in the
  // text, where all of it can be read however narrow the page is.
  commands(text) {
    return [...text.matchAll(/`(\/[^`]+)`/g)].map(([, command]) =>
      h(
        'button.btn.write',
        { type: 'button', 'aria-label': `Write it for me: ${command}`, onclick: () => this.app.write(command) },
        'Write it for me',
      ),
    );
  }

  badge() {
    return null;
  }
}

const signs = { push: '📱', sms: '💬', voice: '📞', call: '📞', email: '✉️', webhook: '🔗' };

// Phone shows the pushes, texts and calls that the bot sent to people, with the keys they may press.
class Phone {
  constructor(app) {
    this.app = app;
    this.title = 'Phones';
    this.present = false;
    this.items = h('div.phone-items', { role: 'log', 'aria-label': 'Pushes, texts and calls' });
    this.node = h('div.phone', {}, this.items);
    this.known = 0;
  }

  show(data) {
    this.present = Boolean(data.phone);
    if (!data.phone) return;
    const items = data.phone.slice(-100).reverse();
    if (this.total !== undefined && data.phone.length > this.total) this.rang(data, data.phone.at(-1));
    this.total = data.phone.length;
    if (this.node.isConnected) this.known = this.total;
    const people = new Map(data.users.map((u) => [u.id, u]));
    const person = (to) => people.get(to) ?? data.users.find((u) => u.name === to);
    keyed(this.items, items, {
      key: (i) => i.id,
      sign: (i) => JSON.stringify([i, data.me.tz]),
      build: (i) => this.card(i, person(i.to), data.me.tz || 'UTC'),
    });
    if (!items.length) fill(this.items, h('p.empty', {}, 'No phone has rung yet.'));
  }

  // rang says that a phone rang while nobody looks at the phones.
  rang(data, item) {
    if (this.node.isConnected) return;
    const user = data.users.find((u) => u.id === item.to || u.name === item.to);
    toast(
      document.body,
      `${signs[item.via] ?? '🔔'} ${user?.real_name ?? item.to}: ${item.text.split('\n')[0].slice(0, 90)}`,
    );
  }

  shown() {
    this.known = this.total;
  }

  badge() {
    const fresh = (this.total ?? 0) - this.known;
    return fresh > 0 ? String(fresh) : null;
  }

  card(item, user, zone) {
    const sign = signs[item.via] ?? '🔔';
    const name = user?.real_name || user?.name || item.to;
    const over = item.over ? 'over' : '';
    return h(
      'div.ring',
      { class: `${item.via} ${over}` },
      h(
        'div.ring-head',
        {},
        h('span', { 'aria-hidden': 'true' }, sign),
        user && avatar(user, 'tiny'),
        h('strong', {}, name),
        h('span.hint', {}, ` ${item.via}`),
        h('time', {}, clock(item.at, zone, true)),
      ),
      h('p', {}, item.text),
      item.keys?.length > 0 &&
        h(
          'div.ring-keys',
          {},
          item.keys.map((k) =>
            h(
              'button.btn',
              { type: 'button', disabled: Boolean(item.over), onclick: () => this.press(item, k) },
              k.label || k.key,
            ),
          ),
        ),
      item.note && h('p.hint', {}, item.note),
    );
  }

  async press(item, key) {
    await act('phone', { id: item.id, key: key.key }).catch((e) => toast(document.body, e.message, 'error'));
  }
}

const kept = 400;

// Inspector lists every call and frame, newest at the foot.
class Inspector {
  constructor(app) {
    this.app = app;
    this.title = 'Inspector';
    this.all = [];
    this.last = 0;
    this.filter = h('input', {
      type: 'search',
      placeholder: 'Filter: method, error, envelope…',
      'aria-label': 'Filter',
      oninput: () => this.draw(),
    });
    this.onlyBad = h('input', { type: 'checkbox', onchange: () => this.draw() });
    this.rows = h('div.calls', { role: 'log', 'aria-label': 'Calls and frames' });
    this.node = h(
      'div.inspector',
      {},
      h(
        'div.inspector-bar',
        {},
        this.filter,
        h('label', {}, this.onlyBad, ' only trouble'),
        h(
          'button.btn',
          {
            type: 'button',
            onclick: () => {
              this.all = [];
              this.draw();
            },
          },
          'Clear',
        ),
      ),
      this.rows,
    );
  }

  show(data) {
    this.zone = data.me.tz || 'UTC';
    if (this.node.isConnected) this.load();
  }

  shown() {
    this.load();
  }

  async load() {
    if (this.loading) return;
    this.loading = true;
    try {
      const answer = await calls(this.last);
      if (answer.calls.length) {
        this.last = answer.calls.at(-1).n;
        this.all = [...this.all, ...answer.calls].slice(-kept);
        this.draw();
      }
    } catch {
      // The bar at the top says that nothing answers; the next change asks again.
    } finally {
      this.loading = false;
    }
  }

  draw() {
    const text = this.filter.value.toLowerCase();
    const list = this.all.filter(
      (c) =>
        (!text || `${c.kind} ${c.method} ${c.error} ${c.envelope_id} ${c.verdict}`.toLowerCase().includes(text)) &&
        (!this.onlyBad.checked || trouble(c)),
    );
    const end = this.rows.scrollHeight - this.rows.scrollTop - this.rows.clientHeight < 40;
    keyed(this.rows, list, { key: (c) => String(c.n), sign: () => '', build: (c) => this.row(c) });
    if (end) this.rows.scrollTop = this.rows.scrollHeight;
  }

  row(c) {
    const sign = { api: '→', frame_out: '⇠', frame_in: '⇢', link: '⚭', http: '→', verdict: '⚖' }[c.kind] ?? '·';
    const bad = trouble(c);
    const head = h(
      'summary',
      {},
      h('time', {}, clock(Date.parse(c.at) / 1000, this.zone, true)),
      h('span.call-kind', { title: c.kind }, sign),
      h('span.call-method', {}, title(c)),
      h(
        'span.call-verdict',
        { class: bad ? 'bad' : '' },
        c.error || (c.status && c.status !== 200 ? String(c.status) : '') || c.verdict || '',
      ),
      c.took > 0 && h('span.hint', {}, `${(c.took / 1e6).toFixed(0)} ms`),
    );
    const node = h(
      'details.call',
      { ontoggle: () => node.open && node.children.length === 1 && node.append(detail(c)) },
      head,
    );
    return node;
  }
}

// title names an entry; an acknowledgement by the envelope that it answers.
function title(c) {
  const envelope = c.envelope_id ? ` ${c.envelope_id.slice(0, 8)}` : '';
  if (c.kind === 'frame_in') return `ack${envelope}`;
  return `${c.method || c.kind}${envelope}${c.retry_attempt ? ` retry ${c.retry_attempt}` : ''}`;
}

function trouble(c) {
  return Boolean(c.error) || (c.status ?? 200) >= 400 || /ignored|refused|late/.test(c.verdict ?? '');
}

function detail(c) {
  const part = (label, value) =>
    value &&
    h('div', {}, h('h4', {}, label), h('pre', {}, typeof value === 'string' ? value : JSON.stringify(value, null, 2)));
  const { answer, args, problems, ...rest } = c;
  return h(
    'div.call-detail',
    {},
    part('Why', problems?.join('\n')),
    part(
      'Arguments',
      args &&
        Object.entries(args)
          .map(([k, v]) => `${k} = ${pretty(v)}`)
          .join('\n'),
    ),
    part(c.kind === 'api' ? 'Answer' : 'Frame', answer),
    part('Entry', rest),
    c.envelope_id &&
      c.kind === 'frame_out' &&
      h(
        'button.btn',
        {
          type: 'button',
          onclick: () =>
            act('fault', { redeliver: c.envelope_id }).catch((e) => toast(document.body, e.message, 'error')),
        },
        'Deliver again',
      ),
  );
}

function pretty(value) {
  try {
    return /^[[{]/.test(value) ? JSON.stringify(JSON.parse(value), null, 2) : value;
  } catch {
    return value;
  }
}

const presets = [
  ['Slack is slow', 'Every call takes 2 seconds', { method: '*', latency: '2s' }],
  [
    'Rate limit',
    'Messages are answered 429, five times',
    { method: 'chat.postMessage', status: 429, retry_after: 3, times: 5 },
  ],
  ['Slack is ill', 'Every call is answered 503, ten times', { method: '*', status: 503, times: 10 }],
  [
    'Answers get lost',
    'The next three calls are performed and cut off',
    { method: '*', after: true, reset: true, times: 3 },
  ],
  ['Acknowledgements get lost', 'The next two are ignored', { lose_acks: 2 }],
  ['Refresh', 'The socket is told to reconnect', { socket: 'refresh_requested' }],
  ['Warning', 'The socket will be refreshed in 10 seconds', { socket: 'warning' }],
  ['Cut the socket', 'Without a word', { socket: 'cut' }],
  ['Silent socket', 'It stays open and nothing comes', { socket: 'silent' }],
  ['Too many sockets', 'As with an eleventh connection', { socket: 'too_many_websockets' }],
  ['Slack is down', 'Nothing answers, nobody is connected', { down: true }],
];

// Faults breaks things on purpose.
class Faults {
  constructor() {
    this.title = 'Faults';
    this.log = h('ul.fault-log');
    this.form = this.custom();
    this.node = h(
      'div.faults',
      {},
      h('p', {}, 'Break Slack and see what the bot does.'),
      h(
        'button.btn.primary',
        { type: 'button', onclick: () => this.put('All faults cleared', {}) },
        'Clear all faults',
      ),
      h(
        'div.presets',
        {},
        presets.map(([name, what, body]) =>
          h(
            'button.preset',
            { type: 'button', onclick: () => this.put(name, body) },
            h('strong', {}, name),
            h('span.hint', {}, what),
          ),
        ),
      ),
      h('h3', {}, 'Your own'),
      this.form,
      h('h3', {}, 'Done so far'),
      this.log,
    );
  }

  show() {}

  custom() {
    const field = (name, placeholder, type = 'text') =>
      h('input.text', { name, placeholder, type, min: '0', 'aria-label': placeholder });
    return h(
      'form.fault-form',
      {
        onsubmit: (e) => {
          e.preventDefault();
          const raw = Object.fromEntries(new FormData(e.currentTarget));
          const body = {
            method: raw.method || '*',
            ...(raw.error && { error: raw.error }),
            ...(raw.latency && { latency: raw.latency }),
          };
          for (const key of ['status', 'retry_after', 'times']) if (raw[key]) body[key] = Number(raw[key]);
          this.put(`${body.method}: ${[body.status, body.error, body.latency].filter(Boolean).join(', ')}`, body);
        },
      },
      field('method', 'Method, or * for all'),
      field('error', 'Error code, e.g. not_in_channel'),
      field('status', 'HTTP status, e.g. 500', 'number'),
      field('retry_after', 'Retry-After seconds', 'number'),
      field('latency', 'Latency, e.g. 500ms'),
      field('times', 'How many times', 'number'),
      h('button.btn', { type: 'submit' }, 'Put in force'),
    );
  }

  async put(name, body) {
    try {
      await act('fault', body);
      this.log.prepend(h('li', {}, name));
    } catch (e) {
      this.log.prepend(h('li.error', {}, e.message));
    }
  }
}
