// A long list of messages of which only a window is in the page. The server numbers a channel's messages; the window
// [start, start + items) is drawn, and two empty boxes stand for what is before and after it.

import { h, keyed } from './dom.js';

const guessedHeight = 60;
const nearest = 500; // pixels to the edge of what is drawn at which more is asked for

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
    this.letGo();
    const place = this.stuck ? null : this.place();
    this.start = start;
    this.total = total;
    this.shown = items;
    this.asked = null;
    keyed(this.items, items, this);
    if (items.length) this.height = Math.max(20, this.items.offsetHeight / items.length || guessedHeight);
    this.before.style.height = `${start * this.height}px`;
    this.after.style.height = `${Math.max(0, total - start - items.length) * this.height}px`;
    if (this.stuck) this.toEnd();
    else if (!this.arrive()) this.restore(place);
    this.tell();
    this.scrolled(); // the place may lie near the edge of this window too
  }

  // place is what stands at the top of what is seen: a message and how far below the top it begins, or, where nothing
  // is drawn yet, the number of the message that would be there.
  place() {
    const top = this.node.getBoundingClientRect().top;
    const bottom = top + this.node.clientHeight;
    for (const child of this.items.children) {
      const box = child.getBoundingClientRect();
      if (box.bottom > top && box.top < bottom) return { key: child.dataset.key, offset: box.top - top };
    }
    return { number: Math.floor(this.node.scrollTop / this.height) };
  }

  // restore scrolls so that a place is again where it was.
  restore({ key, offset = 0, number }) {
    const child =
      key === undefined
        ? this.items.children[number - this.start]
        : this.items.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (child) {
      const top = this.node.getBoundingClientRect().top;
      this.node.scrollTop += child.getBoundingClientRect().top - top - offset;
    } else if (number !== undefined) this.node.scrollTop = number * this.height;
    this.top = this.node.scrollTop;
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
      this.letGo();
      this.stuck ||= this.atEnd();
      this.tell();
      this.wanted();
    });
  }

  // letGo ends sticking to the end once somebody scrolled up. What grows below (an image, a font) moves the end away
  // without anybody having scrolled.
  letGo() {
    if (this.node.scrollTop < (this.top ?? 0) - 2) this.stuck = false;
    this.top = this.node.scrollTop;
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
    // Never so near that a window that suits one edge does not suit the other.
    const near = Math.min(nearest, Math.max(0, (bottom - top - clientHeight) / 4));
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
