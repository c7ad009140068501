// The box to write in: messages, slash commands with help, completion of people, channels, emoji and commands.

import { fill, h, uid } from './dom.js';
import { draft, keep } from './drafts.js';
import { find, glyph } from './emoji.js';
import { menu } from './popup.js';

// Composer sends with send(text) and runs with command(name, text); both are promises. what() gives people, channels,
// commands and shortcuts as they are now.
export class Composer {
  constructor({ placeholder, send, command, what, shortcut }) {
    Object.assign(this, { send, command, what, shortcut });
    const id = uid('suggestions');
    this.input = h('textarea', {
      rows: '1',
      placeholder,
      'aria-label': placeholder,
      'aria-controls': id,
      oninput: () => this.typed(),
      onkeydown: (e) => this.key(e),
      onblur: () => this.suggest([]),
    });
    this.list = h('div.suggestions', { role: 'listbox', id, hidden: true });
    this.trouble = h('div.trouble', { role: 'alert', hidden: true });
    const bolt =
      shortcut &&
      h(
        'button.tool',
        {
          type: 'button',
          title: 'Shortcuts',
          'aria-label': 'Shortcuts',
          onclick: (e) => this.shortcuts(e.currentTarget),
        },
        '⚡',
      );
    const slash =
      shortcut &&
      h(
        'button.tool',
        { type: 'button', title: 'Commands', 'aria-label': 'Commands', onclick: () => this.begin('/') },
        '/',
      );
    this.button = h('button.send', { type: 'button', 'aria-label': 'Send', onclick: () => this.submit() }, '➤');
    this.node = h(
      'div.composer',
      {},
      this.trouble,
      this.list,
      h('div.composer-box', {}, this.input, h('div.composer-tools', {}, bolt, slash, h('span.spring'), this.button)),
    );
    this.items = [];
  }

  label(placeholder) {
    this.input.placeholder = placeholder;
    this.input.setAttribute('aria-label', placeholder);
  }

  // place moves to another conversation: what was typed in one must not be sent to another, and is there on return.
  place(conversation) {
    if (conversation === this.conversation) return;
    this.conversation = conversation;
    this.input.value = draft(conversation) ?? '';
    this.say(null);
    this.grow();
    this.suggest([]);
  }

  begin(text) {
    if (!this.input.value) this.input.value = text;
    this.input.focus();
    this.typed();
  }

  shortcuts(anchor) {
    const list = this.what().shortcuts.filter((s) => s.type === 'global');
    menu(
      anchor,
      list.length
        ? list.map((s) => ({ icon: '⚡', label: s.name, run: () => this.shortcut(s) }))
        : [{ label: 'The app has no global shortcuts', run() {} }],
    );
  }

  typed() {
    keep(this.conversation, this.input.value);
    this.grow();
    this.suggest(this.complete());
  }

  grow() {
    this.input.style.height = 'auto';
    this.input.style.height = `${Math.min(this.input.scrollHeight, 220)}px`;
  }

  // complete finds what could stand where the cursor is.
  complete() {
    const head = this.input.value.slice(0, this.input.selectionStart);
    if (this.shortcut && /^\/[\w-]*$/.test(head)) return this.commands(head);
    const m = /(^|\s)([@#:])([\w.+-]*)$/.exec(head);
    if (!m) return [];
    const text = m[3].toLowerCase();
    const put = (word) => () => this.put(m[2].length + m[3].length, `${word} `);
    if (m[2] === '@')
      return this.what()
        .people.filter((u) => `${u.name} ${u.real_name}`.toLowerCase().includes(text))
        .slice(0, 8)
        .map((u) => ({ label: `@${u.name}`, hint: u.real_name, run: put(`@${u.name}`) }));
    if (m[2] === '#')
      return this.what()
        .channels.filter((c) => !c.im && c.name.includes(text))
        .slice(0, 8)
        .map((c) => ({ label: `#${c.name}`, run: put(`#${c.name}`) }));
    if (text.length < 2) return [];
    return find(text, 8).map((name) => ({ label: `${glyph(name)}  :${name}:`, run: put(`:${name}:`) }));
  }

  commands(head) {
    return this.what()
      .commands.filter((c) => c.command.startsWith(head))
      .map((c) => ({
        label: c.command,
        hint: [c.usage_hint, c.description].filter(Boolean).join(' · '),
        run: () => this.put(head.length, `${c.command} `),
      }));
  }

  // put replaces the last n characters before the cursor.
  put(n, text) {
    const at = this.input.selectionStart;
    this.input.setRangeText(text, at - n, at, 'end');
    this.input.focus();
    this.typed();
  }

  suggest(items) {
    this.items = items;
    this.marked = 0;
    this.list.hidden = !items.length;
    fill(
      this.list,
      items.map((item, i) =>
        h(
          'button.suggestion',
          {
            type: 'button',
            role: 'option',
            tabindex: '-1',
            'aria-selected': String(i === 0),
            onmousedown: (e) => e.preventDefault(), // the focus stays where one types
            onclick: item.run,
          },
          h('span', {}, item.label),
          item.hint && h('span.hint', {}, item.hint),
        ),
      ),
    );
  }

  mark(to) {
    this.marked = (to + this.items.length) % this.items.length;
    [...this.list.children].forEach((node, i) => node.setAttribute('aria-selected', String(i === this.marked)));
    this.list.children[this.marked].scrollIntoView({ block: 'nearest' });
  }

  key(e) {
    if (e.isComposing) return;
    if (this.items.length && this.choose(e)) return;
    if (e.key === 'Enter' && !e.shiftKey) {
      e.preventDefault();
      this.submit();
    }
  }

  choose(e) {
    const whole = this.items[this.marked].label === this.input.value;
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') this.mark(this.marked + (e.key === 'ArrowDown' ? 1 : -1));
    else if (e.key === 'Escape') this.suggest([]);
    else if (e.key === 'Tab' || (e.key === 'Enter' && !e.shiftKey && !whole)) this.items[this.marked].run();
    else return false;
    e.preventDefault();
    e.stopPropagation();
    return true;
  }

  async submit() {
    const text = this.input.value.trim();
    if (!text || this.busy) return;
    const { conversation } = this;
    this.suggest([]);
    this.say(null);
    this.busy = true;
    this.node.classList.add('busy');
    this.input.value = '';
    this.typed();
    try {
      const slash = /^(\/[\w-]+)\s*([\s\S]*)$/.exec(text);
      if (slash && this.command) await this.command(slash[1], slash[2]);
      else await this.send(text);
    } catch (e) {
      // What was typed must not be lost with the failure, nor turn up in another conversation.
      if (conversation !== this.conversation) keep(conversation, draft(conversation) ?? text);
      else if (!this.input.value) {
        this.input.value = text;
        this.typed();
      }
      this.say(e.message);
    } finally {
      this.busy = false;
      this.node.classList.remove('busy');
    }
  }

  say(trouble) {
    this.trouble.hidden = !trouble;
    fill(
      this.trouble,
      trouble && [
        h('span', {}, trouble),
        h('button.link', { type: 'button', onclick: () => this.say(null) }, 'Dismiss'),
      ],
    );
  }
}
