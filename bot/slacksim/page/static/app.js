// The page: one or two people's panes side by side, the bar above them and the dock beside them.

import { act, stream } from './api.js';
import { clock, full } from './dates.js';
import { Dock } from './dock.js';
import { fill, h } from './dom.js';
import { Pane } from './pane.js';
import { arrows, ask, menu, popup, toast } from './popup.js';

const keys = [
  ['/', 'Write a command'],
  ['Ctrl K', 'Go to a channel or person'],
  ['Alt ↑ ↓', 'Channel above, below'],
  ['↑ ↓ or k j', 'Message above, below, from the message list'],
  ['Enter', 'Open the thread of a message'],
  ['r, p, m', 'React to, pin, or do more with a message'],
  ['Ctrl Enter', 'Submit a form'],
  ['Esc', 'Close a form, a menu or a thread'],
  ['?', 'This list'],
];

const steps = [
  ['1 minute', '1m'],
  ['5 minutes', '5m'],
  ['15 minutes', '15m'],
  ['1 hour', '1h'],
  ['8 hours', '8h'],
  ['1 day', '24h'],
];

// ignore keeps a press from a button when it belongs to the press before: the second of a double click, or the next of a
// key that is held. Nobody who clicks twice wants two incidents, or presses what has come under the mouse meanwhile.
function ignore(e) {
  if (!e.target.closest('button, a.btn')) return;
  e.preventDefault();
  e.stopPropagation();
}

class App {
  constructor() {
    this.people = JSON.parse(document.body.dataset.people);
    this.panes = [];
    this.panesBox = h('div.panes');
    this.tools = h('div.tools-bar');
    this.live = h('span.live', { role: 'status' });
    this.time = h('button.clock', {
      type: 'button',
      title: "The workspace's own clock",
      onclick: (e) => this.clockMenu(e.currentTarget),
    });
    this.dock = new Dock(this);
    document.body.append(
      h(
        'header.topbar',
        {},
        h('span.brand', {}, document.body.dataset.team),
        h('span.notice-bar', {}, document.body.dataset.notice),
        this.live,
        h('span.spring'),
        this.time,
        this.tools,
      ),
      h('div.stage', {}, this.panesBox, this.dock.node),
      h('div.toasts'),
    );
    this.restore();
    stream(
      () => this.panes.forEach((p) => p.refresh()),
      (up) => this.connected(up),
    );
    document.addEventListener('keydown', (e) => this.key(e));
    document.addEventListener('click', (e) => e.detail > 1 && ignore(e), true);
    document.addEventListener('keydown', (e) => e.repeat && ['Enter', ' '].includes(e.key) && ignore(e), true);
    addEventListener('hashchange', () => this.places()); // an address that was typed or pasted into this tab
    document.addEventListener('visibilitychange', () => !document.hidden && this.panes.forEach((p) => p.refresh()));
    setInterval(() => this.tick(), 1000);
  }

  restore() {
    this.theme(this.recall('theme') ?? 'auto');
    this.places();
    const dock =
      this.recall('dock') ?? (matchMedia('(min-width: 1100px)').matches ? document.body.dataset.dock : 'none');
    if (dock && dock !== 'none' && this.dock.parts[dock]) this.dock.choose(dock);
  }

  // places makes the panes that the address names: #ada/C123&ben/home.
  places() {
    for (const pane of this.panes.splice(0)) pane.root.remove();
    const me = this.people.find((p) => p.id === document.body.dataset.me || p.name === document.body.dataset.me);
    const wanted = location.hash
      .slice(1)
      .split('&')
      .map((part) => part.split('/'))
      .map(([who, room]) => ({
        user: this.people.find((p) => p.id === who || p.name === who)?.id,
        room: room || null,
      }))
      .filter((place) => place.user);
    for (const place of wanted.length ? wanted.slice(0, 2) : [{ user: (me ?? this.people[0])?.id, room: null }])
      this.add(place);
  }

  add(place) {
    const pane = new Pane(this, place);
    this.panes.push(pane);
    this.panesBox.append(pane.root);
    this.panesBox.classList.toggle('two', this.panes.length > 1);
    this.moved();
  }

  // side opens or closes the second person's pane.
  side() {
    if (this.panes.length > 1) {
      this.panes.pop().root.remove();
      this.panesBox.classList.remove('two');
      this.moved();
    } else {
      const other = this.people.find((p) => p.id !== this.panes[0].user);
      if (other) this.add({ user: other.id, room: this.panes[0].room });
    }
    this.drawTools();
  }

  // write puts a command into the composer of the first pane, in the place of what is there.
  write(command) {
    const { composer, root, views } = this.panes[0];
    if (views.view) return toast(root, 'A form is open. Close it, then try again.', 'error');
    if (!composer.node.isConnected) return toast(root, 'One cannot write here. Open a channel that you are in.', 'error');
    if (matchMedia('(max-width: 1000px)').matches) this.dock.choose(null); // it covers the composer
    composer.input.value = '';
    composer.begin(command);
  }

  moved() {
    const hash = this.panes.map((p) => [encodeURIComponent(p.user), p.room].filter(Boolean).join('/')).join('&');
    history.replaceState(null, '', `#${hash}`);
    document.title = `${this.panes.map((p) => this.people.find((x) => x.id === p.user)?.name ?? p.user).join(' and ')} – ${document.body.dataset.team}`;
  }

  // told is what the server said to a pane; the first pane's person is the one whose clock and dock are shown.
  told(data, pane) {
    this.people = data.users.filter((u) => !u.is_bot && !u.deleted);
    this.trouble(null);
    if (pane !== this.panes[0] && this.panes.length) return;
    this.data = data;
    this.told_at = performance.now();
    this.dock.show(data);
    this.tick();
    this.connected(this.up ?? true);
  }

  drawTools() {
    const tool = (label, sign, run, on) =>
      h(
        'button.tool',
        { type: 'button', title: label, 'aria-label': label, 'aria-pressed': String(Boolean(on)), onclick: run },
        sign,
      );
    const parts = Object.entries(this.dock.parts).filter(([, p]) => p.present !== false);
    const signs = { guide: '🧭', phone: '📱', inspector: '🔎', faults: '💥' };
    fill(
      this.tools,
      parts.map(([name, part]) =>
        h(
          'span.tool-box',
          {},
          tool(part.title, signs[name], () => this.dock.choose(name), this.dock.open === name),
          part.badge?.() && h('span.count', {}, part.badge()),
        ),
      ),
      tool('Two people side by side', '◫', () => this.side(), this.panes.length > 1),
      tool('Go to a channel (Ctrl+K)', '⌕', () => this.jump()),
      tool('Looks and keys', '◐', (e) => this.pageMenu(e.currentTarget)),
    );
  }

  tick() {
    if (!this.data) return;
    const now = this.data.now + (performance.now() - this.told_at) / 1000;
    const zone = this.panes[0]?.ctx?.zone ?? 'UTC';
    this.time.textContent = `🕐 ${clock(now, zone)}`;
    this.time.title = `${full(now, zone)}: the workspace's own clock. Press to move it forward`;
  }

  clockMenu(node) {
    menu(
      node,
      steps.map(([label, advance]) => ({
        icon: '⏩',
        label: `Forward ${label}`,
        run: () =>
          act('clock', { advance }).then(
            () => toast(document.body, `The clock went forward ${label}. The app keeps its own time.`),
            (e) => toast(document.body, e.message, 'error'),
          ),
      })),
    );
  }

  connected(up) {
    this.up = up;
    const bots = this.data?.team.sockets ?? 0;
    this.live.className = `live ${!up ? 'off' : bots ? 'on' : 'alone'}`;
    this.live.textContent = !up ? 'Reconnecting…' : bots ? 'App connected' : 'App not connected';
  }

  trouble(message) {
    if (message && message !== this.said) toast(document.body, message, 'error');
    this.said = message;
  }

  // pageMenu is about the page itself.
  pageMenu(node) {
    const theme = (label, name) => ({
      icon: this.recall('theme') === name ? '✓' : ' ',
      label,
      run: () => this.theme(name),
    });
    menu(node, [
      theme('Light or dark as the system', 'auto'),
      theme('Light', 'light'),
      theme('Dark', 'dark'),
      { icon: '⌨', label: 'Keys', run: () => this.help() },
    ]);
  }

  theme(name) {
    document.documentElement.dataset.theme = name;
    this.remember('theme', name);
  }

  // jump finds a channel or a person by name.
  jump() {
    const pane = this.panes.find((p) => p.root.contains(document.activeElement)) ?? this.panes[0];
    if (!pane?.ctx) return;
    const rooms = [
      { id: 'home', label: `🔔 ${pane.ctx.data.team.app_name}` },
      ...pane.ctx.data.rooms.filter((r) => !r.archived).map((r) => ({ id: r.id, label: pane.ctx.roomTitle(r.id) })),
    ];
    const list = h('div.options', { role: 'listbox' });
    const search = h('input', {
      type: 'search',
      placeholder: `Go to… (as ${pane.ctx.me.name})`,
      'aria-label': 'Channel or person',
      oninput: () => show(),
      onkeydown: (e) => e.key === 'Enter' && list.firstElementChild?.click(),
    });
    const p = popup(
      pane.sidebar.who,
      h('div.chooser.jump', { onkeydown: (e) => arrows(e, [search, ...list.children]) }, search, list),
    );
    const show = () =>
      fill(
        list,
        rooms
          .filter((r) => r.label.toLowerCase().includes(search.value.toLowerCase()))
          .slice(0, 12)
          .map((r) =>
            h(
              'button.option',
              {
                type: 'button',
                role: 'option',
                onclick: () => {
                  p.close();
                  pane.go(r.id);
                },
              },
              r.label,
            ),
          ),
      );
    show();
    search.focus();
  }

  key(e) {
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k') {
      e.preventDefault();
      this.jump();
    } else if (e.key === '/' && !e.target.closest('input,textarea,select,.veil')) {
      e.preventDefault();
      (this.panes.find((p) => p.root.contains(e.target)) ?? this.panes[0]).composer.begin('/');
    } else if (e.key === '?' && !e.target.closest('input,textarea,select,.veil')) this.help();
    else if (e.key === 'Escape' && e.target === document.body) this.panes.forEach((p) => p.views.leave());
  }

  // help lists the keys.
  help() {
    const rows = keys.map(([key, what]) => h('tr', {}, h('th', {}, key), h('td', {}, what)));
    ask(document.body, { title: 'Keys', text: h('table.keys', {}, h('tbody', {}, rows)), yes: 'Close', no: 'Back' });
  }

  // remember and recall keep small choices in this browser; a browser that refuses is fine.
  remember(key, value) {
    try {
      localStorage.setItem(`slacksim.${key}`, value);
    } catch {
      /* private window */
    }
  }

  recall(key) {
    try {
      return localStorage.getItem(`slacksim.${key}`);
    } catch {
      return null;
    }
  }
}

new App();
