// The thread beside a channel.

import { act } from './api.js';
import { Composer } from './composer.js';
import { h, keyed } from './dom.js';
import { prepared } from './message.js';

// Thread shows one thread of the pane's channel at a time; ts is its first message's, or null while it is closed.
export class Thread {
  constructor(pane) {
    this.pane = pane;
    this.ts = null;
    this.items = h('div.items');
    this.scroll = h('div.scroll', { tabindex: '0', 'aria-label': 'Replies' }, this.items);
    this.composer = new Composer({
      placeholder: 'Reply…',
      what: () => pane.what(),
      command: (name) =>
        Promise.reject(new Error(`${name} cannot be used in threads: Slack runs commands in channels`)),
      send: (text) => act('message', { user: pane.user, channel: pane.room, text, thread_ts: this.ts }),
    });
    const close = { type: 'button', 'aria-label': 'Close thread', onclick: () => this.close() };
    const head = h('div.heading', {}, h('div.heading-text', {}, h('h2', {}, 'Thread')), h('button.close', close, '×'));
    this.node = h('aside.thread', { hidden: true, 'aria-label': 'Thread' }, head, this.scroll, this.composer.node);
  }

  open(m) {
    this.ts = m.thread_ts || m.ts;
    this.composer.place(`${this.pane.user}/${this.pane.room}/${this.ts}`);
    this.opening = true;
    this.pane.refresh();
  }

  close() {
    this.ts = null;
    this.node.hidden = true;
    this.pane.refresh();
  }

  show(thread, ctx) {
    this.node.hidden = !thread;
    if (!thread) return;
    const end = this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < 40;
    keyed(this.items, prepared(thread.messages, { pins: [] }, ctx), {
      key: (m) => m.key,
      sign: (m) => m.sign,
      build: (m) => this.pane.messageNode(m, true),
    });
    if (end || this.opening) this.scroll.scrollTop = this.scroll.scrollHeight;
    if (this.opening) this.composer.input.focus();
    this.opening = false;
  }
}
