// A long list of messages of which only a window is in the page. The server numbers a channel's messages; the window
// [start, start + items) is drawn, and two empty boxes stand for what is before and after it.

import { h, keyed } from './dom.js';

const guessedHeight = 60;
const near = 500; // pixels to the edge of what is drawn at which more is asked for

// List draws windows that it is given by show, and asks for others by calling ask(start).
export class List {
  constructor({ build, key, sign, ask, seen, label }) {
    Object.assign(this, { build, key, sign, ask, seen });
    this.before = h('div.gap');
    this.items = h('div.items', { role: 'feed' });
    this.after = h('div.gap');
    this.node = h(
      'div.scroll',
      { tabindex: '0', 'aria-label': label, onscroll: () => this.scrolled() },
      this.before,
      this.items,
      this.after,
    );
    this.start = 0;
    this.total = 0;
    this.shown = [];
    this.stuck = true; // to the end, as when one has not scrolled up
    this.asked = null;
    new ResizeObserver(() => this.stuck && this.toEnd()).observe(this.items);
  }

  // reset forgets the place, for another channel.
  reset() {
    this.stuck = true;
    this.asked = null;
    this.shown = [];
    this.height = guessedHeight;
    this.items.replaceChildren();
  }

  show({ start, total, items }) {
    const hold = this.stuck ? null : this.anchor();
    this.start = start;
    this.total = total;
    this.shown = items;
    this.asked = null;
    keyed(this.items, items, this);
    if (items.length) this.height = Math.max(20, this.items.offsetHeight / items.length || guessedHeight);
    this.before.style.height = `${start * this.height}px`;
    this.after.style.height = `${Math.max(0, total - start - items.length) * this.height}px`;
    if (this.stuck) this.toEnd();
    else if (!this.arrive()) this.restore(hold);
    this.tell();
  }

  // anchor is the first message in sight and how far below the top it stands.
  anchor() {
    const top = this.node.getBoundingClientRect().top;
    for (const child of this.items.children) {
      const box = child.getBoundingClientRect();
      if (box.bottom > top) return { key: child.dataset.key, offset: box.top - top };
    }
    return null;
  }

  restore(hold) {
    const child = hold && this.items.querySelector(`[data-key="${CSS.escape(hold.key)}"]`);
    if (!child) return;
    const top = this.node.getBoundingClientRect().top;
    this.node.scrollTop += child.getBoundingClientRect().top - top - hold.offset;
  }

  // arrive scrolls to what was jumped to, once it is drawn.
  arrive() {
    const child = this.target && this.items.querySelector(`[data-key="${CSS.escape(this.target)}"]`);
    if (!child) return false;
    this.target = null;
    child.scrollIntoView({ block: 'center' });
    (child.querySelector('.message') ?? child).focus({ preventScroll: true });
    this.top = this.node.scrollTop;
    return true;
  }

  toEnd() {
    this.node.scrollTop = this.node.scrollHeight;
    this.top = this.node.scrollTop;
  }

  atEnd() {
    return (
      this.start + this.shown.length >= this.total &&
      this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight < 40
    );
  }

  // latest goes to the newest message, wherever the window is.
  latest() {
    this.stuck = true;
    this.ask('latest');
  }

  // jump brings one message into sight, by its number and its key.
  jump(index, key) {
    this.stuck = false;
    this.target = key;
    this.ask(Math.max(0, index - 20));
  }

  scrolled() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      // What grows below (an image, a font) moves the end away without anybody having scrolled: only going up lets go.
      const up = this.node.scrollTop < (this.top ?? 0) - 2;
      this.top = this.node.scrollTop;
      this.stuck = this.atEnd() || (this.stuck && !up);
      this.tell();
      this.wanted();
    });
  }

  tell() {
    this.seen({ atEnd: this.stuck, newest: this.shown.at(-1) });
  }

  // wanted asks for another window when the edge of this one is near.
  wanted() {
    const { scrollTop, clientHeight } = this.node;
    const top = this.before.offsetHeight;
    const bottom = top + this.items.offsetHeight;
    const end = this.start + this.shown.length;
    let next = null;
    if (scrollTop + clientHeight < top || scrollTop > bottom)
      next = Math.floor(scrollTop / this.height) - Math.floor(this.shown.length / 2);
    else if (scrollTop - top < near && this.start > 0) next = this.start - Math.floor(this.shown.length / 2);
    else if (bottom - scrollTop - clientHeight < near && end < this.total)
      next = this.start + Math.floor(this.shown.length / 2);
    if (next === null) return;
    next = Math.max(0, Math.min(next, this.total - this.shown.length));
    if (next === this.start || next === this.asked) return;
    this.asked = next;
    this.ask(next);
  }
}
