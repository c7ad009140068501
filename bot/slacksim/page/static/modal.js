// The modal in front of a person, and their app Home: views with input that is kept while the app changes them.

import { act, suggest } from './api.js';
import { blocks } from './blocks.js';
import { fill, h } from './dom.js';
import { draft, keep } from './drafts.js';
import { plain } from './mrkdwn.js';
import { trap } from './popup.js';

// Inputs holds what was entered into views and not yet sent, by view, block and action.
class Inputs {
  constructor() {
    this.kept = new Map();
  }

  of(view) {
    if (!this.kept.has(view)) this.kept.set(view, new Map(draft(view) ?? []));
    return this.kept.get(view);
  }

  // set keeps what was entered at a key of a view.
  set(view, key, entry) {
    this.of(view).set(key, entry);
    keep(view, [...this.of(view)]);
  }

  // forget drops views that are gone.
  forget(open) {
    for (const id of this.kept.keys()) {
      if (open.has(id)) continue;
      this.kept.delete(id);
      keep(id, null);
    }
  }
}

// Views draws a person's stack of modals into a veil over the pane.
export class Views {
  constructor(pane) {
    this.pane = pane;
    this.inputs = new Inputs();
    this.node = h('div.veil.views', { hidden: true, onkeydown: (e) => this.key(e) });
  }

  // show draws the top of the stack, unless it is drawn already.
  show(stack, ctx, home) {
    this.inputs.forget(new Set([...stack.map((v) => v.id), home?.id]));
    const view = stack.at(-1);
    const sign = view ? JSON.stringify([view.id, view.hash, view.errors, stack.length]) : '';
    this.ctx = ctx;
    if (sign === this.sign) return;
    const before = this.view?.id === view?.id ? focusNow(this.node) : null;
    this.sign = sign;
    this.view = view;
    this.node.hidden = !view;
    this.pane.body.inert = Boolean(view);
    if (!view) {
      fill(this.node);
      this.pane.composer.input.focus({ preventScroll: true });
      return;
    }
    this.draw(view, stack, ctx);
    if (!refocus(this.node, before)) this.first(view);
  }

  draw(view, stack, ctx) {
    const at = this.surface(view, { view_id: view.id });
    this.foot = h('p.error', { role: 'alert', hidden: true });
    const submit =
      view.submit &&
      h('button.btn.primary', { type: 'button', class: 'submit', onclick: () => this.submit() }, plain(view.submit));
    this.box = h(
      'div.dialog',
      { role: 'dialog', 'aria-modal': 'true', 'aria-label': view.title?.text ?? 'Dialog' },
      h(
        'div.dialog-head',
        {},
        h('span.app-mark', { 'aria-hidden': 'true' }, '🔔'),
        h('h2', {}, plain(view.title)),
        stack.length > 1 && h('span.hint', {}, `${stack.length} of 3`),
        h('button.close', { type: 'button', 'aria-label': 'Close all', onclick: () => this.close(true) }, '×'),
      ),
      h('div.dialog-body', {}, blocks(view.blocks, ctx, at)),
      h(
        'div.dialog-foot',
        {},
        this.foot,
        h('span.spring'),
        h(
          'button.btn',
          { type: 'button', onclick: () => this.close(false) },
          view.close ? plain(view.close) : stack.length > 1 ? 'Back' : 'Cancel',
        ),
        submit,
      ),
    );
    fill(this.node, this.box);
  }

  first(view) {
    const wanted = view.blocks.map((b) => b.element).find((e) => e?.focus_on_load);
    const error = this.box.querySelector('.has-error [data-focus]');
    const node =
      error ??
      (wanted && this.box.querySelector(`[data-focus$="/${CSS.escape(wanted.action_id)}"]`)) ??
      this.box.querySelector('.dialog-body [data-focus]') ??
      this.box.querySelector('.submit') ??
      this.box.querySelector('.close');
    node?.focus();
  }

  // surface is where a view's elements stand. place names the view in what is sent.
  surface(view, place) {
    const kept = this.inputs.of(view.id);
    const key = (block, el) => `${block.block_id}/${el.action_id}`;
    return {
      errors: view.errors,
      state: (block, el) => kept.get(key(block, el))?.state ?? view.values?.[block.block_id]?.[el.action_id],
      enter: (block, el, state) =>
        this.inputs.set(view.id, key(block, el), {
          block: block.block_id,
          action: el.action_id,
          state: sendable(state),
          dispatches: block.dispatch_action,
        }),
      act: async (block, el, state) => {
        await this.flush(view, place);
        this.inputs.set(view.id, key(block, el), {
          block: block.block_id,
          action: el.action_id,
          state: sendable(state),
          sent: true,
          dispatches: block.dispatch_action,
        });
        const seen = await act('press', {
          user: this.ctx.me.id,
          ...place,
          block_id: block.block_id,
          action_id: el.action_id,
          value: sendable(state),
        });
        if (seen.error) throw new Error(explain(seen.error));
      },
      suggest: (block, el, text) =>
        suggest({ user: this.ctx.me.id, ...place, block_id: block.block_id, action_id: el.action_id, value: text }),
    };
  }

  // flush tells the workspace what was entered, so that an action carries the state of the whole view.
  async flush(view, place) {
    for (const k of this.inputs.of(view.id).values()) {
      if (k.sent || k.dispatches) continue;
      await act('press', { user: this.ctx.me.id, ...place, block_id: k.block, action_id: k.action, value: k.state });
      k.sent = true;
    }
  }

  async submit() {
    if (this.busy) return;
    const values = {};
    for (const k of this.inputs.of(this.view.id).values()) (values[k.block] ??= {})[k.action] = k.state;
    this.wait(true);
    try {
      const result = await act('submit', {
        user: this.ctx.me.id,
        view_id: this.view.id,
        values: onlyPresent(values, this.view),
      });
      this.say(result.error && explain(result.error));
    } catch (e) {
      this.say(e.message);
    } finally {
      this.wait(false);
      this.pane.refresh();
    }
  }

  async close(all) {
    if (this.busy) return;
    this.wait(true);
    await act('close', { user: this.ctx.me.id, view_id: this.view.id, cross: all }).catch((e) => this.say(e.message));
    this.wait(false);
    this.pane.refresh();
  }

  // leave closes the view in front, if there is one: Escape while the focus is nowhere.
  leave() {
    if (this.view) this.close(false);
  }

  say(text) {
    this.foot.hidden = !text;
    this.foot.textContent = text ?? '';
  }

  wait(on) {
    this.busy = on;
    this.box.classList.toggle('busy', on);
    for (const b of this.box.querySelectorAll('.dialog-foot button')) b.disabled = on;
  }

  key(e) {
    if (!this.view) return;
    if (e.key === 'Escape') {
      e.stopPropagation();
      this.close(false);
    } else if (e.key === 'Enter' && (e.metaKey || e.ctrlKey)) this.submit();
    else trap(e, this.box);
  }
}

function sendable({ quiet, ...state }) {
  void quiet;
  return state;
}

// onlyPresent leaves out what belongs to blocks that an update took away.
function onlyPresent(values, view) {
  const present = new Set(view.blocks.map((b) => b.block_id));
  return Object.fromEntries(Object.entries(values).filter(([block]) => present.has(block)));
}

// explain puts Slack's error codes into the words a person would see.
export function explain(code) {
  return (
    {
      operation_timeout: 'The app did not answer within 3 seconds (operation_timeout)',
      dispatch_failed: 'The app is not connected (dispatch_failed)',
      invalid_response: 'The app answered with something Slack does not accept (see the inspector)',
    }[code] ?? code
  );
}

// focusNow remembers where the cursor is, to find it again after drawing anew.
export function focusNow(root) {
  const node = document.activeElement;
  if (!root.contains(node) || !node.dataset.focus) return null;
  return { key: node.dataset.focus, from: node.selectionStart, to: node.selectionEnd };
}

export function refocus(root, before) {
  const node = before && root.querySelector(`[data-focus="${CSS.escape(before.key)}"]`);
  if (!node) return false;
  node.focus();
  if (before.from !== null && before.from !== undefined && node.setSelectionRange)
    node.setSelectionRange(before.from, before.to);
  return true;
}
