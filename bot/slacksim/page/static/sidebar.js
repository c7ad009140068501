// The left column: who one is, the app, channels and direct messages with their unread marks.

import { fill, h, keyed } from './dom.js';
import { avatar } from './message.js';
import { ask, menu } from './popup.js';

export class Sidebar {
  constructor(pane) {
    this.pane = pane;
    this.who = h('button.who', {
      type: 'button',
      'aria-haspopup': 'menu',
      title: 'Act as somebody else',
      onclick: () => this.switch(),
    });
    this.list = h('div.rooms');
    this.node = h('nav.sidebar', { 'aria-label': 'Channels' }, this.who, this.list);
  }

  show(data, ctx) {
    this.data = data;
    this.ctx = ctx;
    fill(
      this.who,
      avatar(data.me),
      h(
        'span.who-text',
        {},
        h('strong', {}, data.me.real_name || data.me.name),
        h('span.hint', {}, `acting as @${data.me.name}`),
      ),
      h('span.caret', { 'aria-hidden': 'true' }, '▾'),
    );
    keyed(this.list, this.rows(data), { key: (r) => r.key, sign: (r) => JSON.stringify(r), build: (r) => this.row(r) });
  }

  rows(data) {
    const here = (id) => this.pane.room === id;
    const room = (r) => ({
      key: r.id,
      id: r.id,
      sign: r.im ? 'im' : r.private ? '🔒' : '#',
      name: r.im ? this.ctx.roomTitle(r.id) : r.name,
      with: r.with,
      unread: r.unread,
      mentions: r.mentions,
      here: here(r.id),
      away: this.ctx.user(r.with)?.away ?? false,
    });
    const mine = data.rooms.filter((r) => !r.im && r.member && !r.archived).sort(byName);
    const other = data.rooms.filter((r) => !r.im && !r.member && !r.archived && !r.private).sort(byName);
    const gone = data.rooms.filter((r) => !r.im && r.archived && (r.member || here(r.id))).sort(byName);
    return [
      { key: 'home', id: 'home', sign: '🔔', name: data.team.app_name, here: here('home') },
      { key: 'h1', head: 'Channels', add: true },
      ...mine.map(room),
      ...(other.length ? [{ key: 'h2', head: 'Others' }, ...other.map(room).map((r) => ({ ...r, other: true }))] : []),
      ...(gone.length ? [{ key: 'h4', head: 'Archived' }, ...gone.map(room).map((r) => ({ ...r, other: true }))] : []),
      { key: 'h3', head: 'Direct messages', people: true },
      ...data.rooms.filter((r) => r.im).map(room),
    ];
  }

  row(r) {
    if (r.head) {
      return h(
        'div.rooms-head',
        {},
        h('span', {}, r.head),
        (r.add || r.people) &&
          h(
            'button',
            {
              type: 'button',
              'aria-label': r.add ? 'Make a channel' : 'Write to somebody',
              onclick: (e) => (r.add ? this.create() : this.write(e.currentTarget)),
            },
            '+',
          ),
      );
    }
    const bold = r.unread > 0 && !r.here;
    return h(
      'button.room',
      {
        type: 'button',
        class: [r.here ? 'here' : '', bold ? 'unread' : '', r.other ? 'other' : ''].join(' '),
        'aria-current': r.here ? 'page' : null,
        onclick: () => this.pane.go(r.id),
      },
      r.sign === 'im'
        ? h('span.presence', { class: r.away ? 'away' : '', 'aria-hidden': 'true' }, '●')
        : h('span.hash', { 'aria-hidden': 'true' }, r.sign),
      h('span.room-name', {}, r.name),
      bold && r.mentions > 0 && h('span.count', { 'aria-label': `${r.mentions} mentions` }, String(r.mentions)),
      bold && h('span.sr', {}, ', unread'),
    );
  }

  switch() {
    menu(
      this.who,
      this.ctx.people().map((u) => ({
        icon: u.id === this.pane.user ? '✓' : '👤',
        label: `${u.real_name || u.name} · ${u.tz}`,
        run: () => this.pane.become(u.id),
      })),
    );
  }

  write(node) {
    const bot = this.ctx.user(this.data.team.bot_user);
    menu(
      node,
      [bot, ...this.ctx.people().filter((u) => u.id !== this.pane.user)]
        .filter(Boolean)
        .map((u) => ({ icon: u.is_bot ? '🔔' : '👤', label: u.real_name || u.name, run: () => this.pane.dm(u.id) })),
    );
  }

  async create() {
    const name = h('input.text', { placeholder: 'team-name', 'aria-label': 'Name' });
    if (!(await ask(this.pane.root, { title: 'Make a channel', text: name, yes: 'Create', no: 'Cancel' }))) return;
    // Slack's own client turns what people type into a name as it is typed.
    const made = await this.pane.do('create', { name: name.value.trim().toLowerCase().replace(/\s+/g, '-') });
    if (made) this.pane.go(made.channel);
  }

  // step goes to the channel above or below.
  step(by) {
    const ids = this.rows(this.data)
      .filter((r) => r.id)
      .map((r) => r.id);
    this.pane.go(ids[(ids.indexOf(this.pane.room) + by + ids.length) % ids.length]);
  }
}

const byName = (a, b) => a.name.localeCompare(b.name);
