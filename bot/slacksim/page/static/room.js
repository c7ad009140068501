// What stands above a channel's messages: its name and topic, members, pins, bookmarks, its canvas, and what one can do.

import { anchor, fill, h } from './dom.js';
import { markdown } from './markdown.js';
import { avatar } from './message.js';
import { mrkdwn } from './mrkdwn.js';
import { ask, menu } from './popup.js';

// Heading draws into its node; pane acts.
export class Heading {
  constructor(pane) {
    this.pane = pane;
    this.bar = h('div.heading');
    this.extras = h('div.extras');
    this.node = h('div.heading-box', {}, this.bar, this.extras);
  }

  // room shows a channel.
  room(room, ctx) {
    this.ctx = ctx;
    const title = room.im
      ? [avatar(ctx.user(room.with), 'small'), ctx.roomTitle(room.id)]
      : [h('span.hash', {}, room.private ? '🔒' : '#'), room.name];
    const topic = room.topic && h('p.topic', { title: room.topic }, mrkdwn(room.topic, ctx));
    this.shown = room;
    this.draw(
      this.burger(),
      h('div.heading-text', {}, h('h1', {}, title), topic),
      !room.im && this.button(`👥 ${room.members.length}`, 'Members', (node) => this.members(node, this.shown)),
      room.pins.length > 0 && this.button(`📌 ${room.pins.length}`, 'Pinned messages', (node) => this.pins(node, this.shown)),
      this.button('⋯', 'Channel actions', (node) => this.actions(node, this.shown)),
    );
    const bookmark = (b) =>
      h('span.bookmark', {}, anchor(b.link, ...(b.emoji ? [...mrkdwn(b.emoji, ctx), ' '] : ['🔗 ']), b.title));
    const canvas =
      room.canvas &&
      h(
        'button.bookmark',
        { type: 'button', onclick: () => this.canvas(room.canvas) },
        `📄 ${room.canvas.title || 'Canvas'}`,
      );
    fill(this.extras, room.bookmarks.map(bookmark), canvas);
  }

  // home shows the app's Home.
  home(team) {
    this.draw(
      this.burger(),
      h('div.heading-text', {}, h('h1', {}, '🔔 ', team.app_name)),
      this.button('💬 Messages', 'Messages', () => this.pane.dm(team.bot_user)),
    );
    fill(this.extras);
  }

  // draw puts parts into the bar, unless it shows just that: a menu that is open there belongs to a button, and would close
  // with the next click if another one stood in its place.
  draw(...parts) {
    const next = fill(h('div'), ...parts);
    if (next.isEqualNode(this.drawn)) return;
    this.drawn = next.cloneNode(true);
    fill(this.bar, [...next.childNodes]);
  }

  burger() {
    const toggle = () => this.pane.root.classList.toggle('menu-open');
    return h('button.burger', { type: 'button', 'aria-label': 'Channels', onclick: toggle }, '☰');
  }

  button(text, label, run) {
    const attributes = { type: 'button', title: label, 'aria-label': label, onclick: (e) => run(e.currentTarget) };
    return h('button.members', attributes, text);
  }

  members(node, room) {
    const one = (id) => ({
      label: this.ctx.userName(id) ?? id,
      icon: this.ctx.user(id)?.is_bot ? '🔔' : '👤',
      run: () => id !== this.pane.user && this.pane.dm(id),
    });
    menu(node, room.members.map(one));
  }

  pins(node, room) {
    const one = (p) => ({
      icon: '📌',
      label: (p.text || 'A message').slice(0, 80),
      run: () => this.pane.list.jump(p.index, p.ts),
    });
    menu(node, room.pins.map(one));
  }

  actions(node, room) {
    const act = (name) => () => this.pane.do(name, { channel: room.id });
    const member = room.member
      ? { icon: '🚪', label: 'Leave', run: act('leave') }
      : { icon: '👋', label: 'Join', run: act('join') };
    const fate = room.archived
      ? { icon: '📂', label: 'Unarchive', run: act('unarchive') }
      : { icon: '🗄', label: 'Archive', danger: true, run: act('archive') };
    const more = [
      { icon: '➕', label: 'Add someone', run: () => this.invite(node, room) },
      { icon: '✎', label: 'Set the topic', run: () => this.topic(room) },
    ];
    menu(node, room.im ? [member] : [...more, member, fate]);
  }

  invite(node, room) {
    const others = this.ctx.people().filter((u) => !room.members.includes(u.id));
    const one = (u) => ({
      label: u.real_name || u.name,
      run: () => this.pane.do('invite', { channel: room.id, who: u.id }),
    });
    menu(node, others.length ? others.map(one) : [{ label: 'Everybody is here', run() {} }]);
  }

  async topic(room) {
    const box = h('input.text', { value: room.topic, 'aria-label': 'Topic' });
    const title = `Topic of ${this.ctx.roomTitle(room.id)}`;
    const yes = await ask(this.pane.root, { title, text: box, yes: 'Save', no: 'Cancel' });
    if (yes) this.pane.do('topic', { channel: room.id, text: box.value });
  }

  canvas(c) {
    const text = h('div.canvas', {}, markdown(c.markdown));
    ask(this.pane.root, { title: c.title || 'Canvas', text, yes: 'Done', no: 'Close' });
  }
}
