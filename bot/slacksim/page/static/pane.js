// One person's Slack: their channels at the left, a channel or the app's Home in the middle, a thread at the right.

import { act, suggest, view } from './api.js';
import { blocks } from './blocks.js';
import { Composer } from './composer.js';
import { Context } from './context.js';
import { add, fill, h } from './dom.js';
import { initialState } from './elements.js';
import { List } from './list.js';
import { message, prepared } from './message.js';
import { Views, explain, focusNow, refocus } from './modal.js';
import { ask, toast } from './popup.js';
import { Heading } from './room.js';
import { Sidebar } from './sidebar.js';
import { Thread } from './thread.js';

const home = 'home';

export class Pane {
  // app knows the page: moved(pane) after the person or the place changed.
  constructor(app, { user, room }) {
    Object.assign(this, { app, user, room, start: 'latest' });
    this.sidebar = new Sidebar(this);
    this.heading = new Heading(this);
    this.list = new List({
      label: 'Messages',
      key: (m) => m.key,
      sign: (m) => m.sign,
      build: (m) => this.messageNode(m, false),
      ask: (start) => this.window(start),
      seen: (s) => this.seen(s),
    });
    this.newer = h(
      'button.newer',
      { type: 'button', hidden: true, onclick: () => this.list.latest() },
      '↓ New messages',
    );
    this.homeBox = h('div.home', { hidden: true });
    this.composer = new Composer({
      placeholder: 'Message',
      what: () => this.what(),
      send: (text) => this.sent(act('message', { user: this.user, channel: this.room, text })),
      command: (command, text) => this.command(command, text),
      shortcut: (s) => this.shortcut(s),
    });
    this.foot = h('div.foot');
    this.main = h('main.channel', {}, this.heading.node, this.list.node, this.newer, this.homeBox, this.foot);
    this.thread = new Thread(this);
    this.views = new Views(this);
    this.body = h('div.pane-body', {}, this.sidebar.node, this.main, this.thread.node);
    this.root = h('section.pane', { onkeydown: (e) => this.key(e) }, this.body, this.views.node, h('div.toasts'));
    this.refresh();
  }

  what() {
    const d = this.ctx?.data;
    return {
      people: this.ctx?.people() ?? [],
      channels: d?.rooms.filter((r) => !r.archived) ?? [],
      commands: d?.commands ?? [],
      shortcuts: d?.shortcuts ?? [],
    };
  }

  // refresh asks what there is to see now and draws it. Calls while one is under way become one more.
  async refresh() {
    if (this.loading) {
      this.again = true;
      return;
    }
    this.loading = true;
    try {
      const query = { as: this.user, room: this.room ?? '', thread: this.thread.ts ?? '', start: this.start };
      const answer = await view(query);
      // An answer to a question that is no longer asked is not drawn.
      if (query.as === this.user && query.room === (this.room ?? '') && query.thread === (this.thread.ts ?? ''))
        this.take(answer);
      else this.again = true;
    } catch (e) {
      this.app.trouble(e.message);
    } finally {
      this.loading = false;
      if (this.again) {
        this.again = false;
        this.refresh();
      }
    }
  }

  take({ text, data }) {
    // The server shows another channel where the one that was asked for is not for this person.
    if (data.room && this.room !== data.room.id) this.room = data.room.id;
    this.place();
    this.app.told(data, this);
    if (text === this.text) return;
    this.text = text;
    this.ctx = new Context(data, this);
    this.draw(data);
  }

  draw(data) {
    this.sidebar.show(data, this.ctx);
    const atHome = this.room === home;
    this.main.classList.toggle('at-home', atHome);
    this.homeBox.hidden = !atHome;
    this.list.node.hidden = atHome;
    if (atHome) this.drawHome(data);
    else if (data.room) this.drawRoom(data.room);
    this.thread.show(data.thread, this.ctx);
    this.views.show(data.views ?? [], this.ctx, data.home);
  }

  // place names the conversation that the composer writes to.
  place() {
    this.composer.place(`${this.user}/${this.room}`);
  }

  // go shows another channel, or the app's Home.
  go(room) {
    this.root.classList.remove('menu-open');
    if (room === this.room) return;
    this.room = room;
    this.place();
    this.thread.ts = null;
    this.start = 'latest';
    this.list.reset();
    if (room === home) act('open_home', { user: this.user }).catch((e) => toast(this.root, e.message, 'error'));
    this.app.moved(this);
    this.refresh();
    if (room !== home && matchMedia('(min-width: 700px)').matches) this.composer.input.focus();
  }

  // become acts as somebody else.
  become(user) {
    this.user = user;
    this.text = null;
    this.thread.ts = null;
    this.start = 'latest';
    this.list.reset();
    if (this.room?.startsWith('D')) this.room = null;
    this.place();
    if (this.room === home) act('open_home', { user }).catch(() => {});
    this.app.moved(this);
    this.refresh();
  }

  window(start) {
    this.start = start;
    this.refresh();
  }

  drawRoom(room) {
    this.heading.room(room, this.ctx);
    this.list.show({ start: room.start, total: room.total, items: prepared(room.messages, room, this.ctx) });
    this.drawFoot(room);
  }

  drawFoot(room) {
    const name = this.ctx.roomTitle(room.id);
    this.composer.label(`Message ${name}`);
    const bar = room.archived
      ? h('p.footnote', {}, `${name} is archived. It can be read, not written to.`)
      : room.member
        ? null
        : h(
            'p.footnote',
            {},
            `You are looking at ${name}. `,
            h(
              'button.btn.primary',
              { type: 'button', onclick: () => this.do('join', { channel: room.id }) },
              'Join channel',
            ),
          );
    const node = bar ?? this.composer.node;
    if (this.foot.firstChild !== node) fill(this.foot, node);
  }

  drawHome(data) {
    const focus = focusNow(this.homeBox);
    const sign = data.home ? data.home.hash + data.home.id : 'none';
    this.heading.home(data.team);
    fill(this.foot);
    if (this.homeBox.dataset.sign === sign) return;
    this.homeBox.dataset.sign = sign;
    const at = data.home && this.views.surface(data.home, { home: true });
    fill(
      this.homeBox,
      data.home
        ? blocks(data.home.blocks, this.ctx, at)
        : h('p.empty', {}, 'The app has not published its Home tab for you yet.'),
    );
    refocus(this.homeBox, focus);
  }

  messageNode(m, inThread) {
    const node = message(m, this.ctx, this.where(inThread));
    return m.day ? add(h('div'), [h('div.day', { role: 'separator' }, h('span', {}, m.day)), node]) : node;
  }

  // where is what a message needs to be acted on.
  where(inThread) {
    const channel = this.room;
    const on = (m) => ({ channel, ts: m.ts });
    return {
      inThread,
      openThread: (m) => this.thread.open(m),
      react: (m, name, add) => this.do(add ? 'react' : 'unreact', { ...on(m), name }),
      pin: (m, add) => this.do(add ? 'pin' : 'unpin', on(m)),
      dismiss: (m) => this.do('dismiss', on(m)),
      more: (m) => this.moreFor(m, on(m)),
      surface: (m) => ({
        state: (block, el) => m.values?.[block.block_id]?.[el.action_id] ?? initialState(el),
        enter: (block, el, state) =>
          this.do('press', { ...on(m), block_id: block.block_id, action_id: el.action_id, value: state }),
        act: async (block, el, state) => {
          const seen = await act('press', {
            user: this.user,
            ...on(m),
            block_id: block.block_id,
            action_id: el.action_id,
            value: state,
          });
          if (seen.error) throw new Error(explain(seen.error));
        },
        suggest: (block, el, text) =>
          suggest({ user: this.user, ...on(m), block_id: block.block_id, action_id: el.action_id, value: text }),
      }),
    };
  }

  moreFor(m, on) {
    const mine = m.user === this.user && !m.bot_id;
    const shortcuts = this.ctx.data.shortcuts.filter((s) => s.type === 'message');
    return [
      ...shortcuts.map((s) => ({ icon: '⚡', label: s.name, run: () => this.shortcut(s, on) })),
      {
        icon: '📌',
        label: m.pinned ? 'Unpin from channel' : 'Pin to channel',
        run: () => this.do(m.pinned ? 'unpin' : 'pin', on),
      },
      ...(mine
        ? [
            { icon: '✎', label: 'Edit message', run: () => this.edit(m, on) },
            { icon: '🗑', label: 'Delete message', danger: true, run: () => this.remove(m, on) },
          ]
        : []),
    ];
  }

  async edit(m, on) {
    const box = h('textarea.text', { rows: '3', value: m.text, 'aria-label': 'Message' });
    if (await ask(this.root, { title: 'Edit message', text: box, yes: 'Save', no: 'Cancel' }))
      this.do('edit', { ...on, text: box.value });
  }

  async remove(m, on) {
    const sure = await ask(this.root, {
      title: 'Delete message',
      text: 'This cannot be undone.',
      yes: 'Delete',
      no: 'Cancel',
      danger: true,
    });
    if (sure) this.do('delete', on);
  }

  // do acts, and says what went wrong.
  async do(name, body) {
    try {
      return await act(name, { user: this.user, ...body });
    } catch (e) {
      toast(this.root, e.message, 'error');
      return null;
    }
  }

  async sent(promise) {
    await promise;
    this.list.latest();
  }

  async command(command, text) {
    const known = this.what().commands.map((c) => c.command);
    if (!known.includes(command))
      throw new Error(`${command} is not a command here. There is ${known.join(' and ') || 'none'}.`);
    const seen = await act('command', { user: this.user, channel: this.room, command, text });
    if (seen.error) throw new Error(`${command} failed. ${explain(seen.error)}`);
    this.list.latest();
  }

  async shortcut(s, on = {}) {
    const seen = await this.do('shortcut', { callback_id: s.callback_id, ...on });
    if (seen?.error) toast(this.root, `${s.name}: ${explain(seen.error)}`, 'error');
  }

  async dm(user) {
    const opened = await this.do('open_dm', { who: user });
    if (opened) this.go(opened.channel);
  }

  // seen marks the channel as read while its end is in sight, and offers the way there while it is not.
  seen({ atEnd, newest }) {
    this.newer.hidden = atEnd || this.room === home;
    this.newer.textContent = this.list.total > (this.readTotal ?? 0) ? '↓ New messages' : '↓ Latest';
    if (!atEnd || !newest) return;
    this.readTotal = this.list.total;
    this.start = 'latest';
    const mark = `${this.room} ${newest.ts}`;
    if (document.hidden || this.marked === mark) return;
    this.marked = mark;
    act('read', { user: this.user, channel: this.room, ts: newest.ts }).then(
      () => this.refresh(),
      () => {},
    );
  }

  key(e) {
    if (e.key === 'Escape' && this.thread.ts && !e.defaultPrevented) this.thread.close();
    if (e.altKey && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) {
      e.preventDefault();
      this.sidebar.step(e.key === 'ArrowDown' ? 1 : -1);
    }
    const messages = [...this.list.items.querySelectorAll('.message')];
    const inList = document.activeElement === this.list.node || document.activeElement?.classList.contains('message');
    if (!inList || !messages.length || !['ArrowUp', 'ArrowDown', 'j', 'k'].includes(e.key) || e.altKey) return;
    e.preventDefault();
    const at = messages.indexOf(document.activeElement);
    const to = at < 0 ? messages.length - 1 : at + (e.key === 'ArrowUp' || e.key === 'k' ? -1 : 1);
    messages[Math.max(0, Math.min(to, messages.length - 1))].focus();
  }
}
