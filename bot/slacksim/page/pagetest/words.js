// What the tests' scripts have besides the page's own: see pagetest.go.

window.frame = () => new Promise((r) => requestAnimationFrame(r));

// What the page's own scripts did not catch. Whoever waits for such a page waits in vain.
let broken = '';
window.addEventListener('error', (e) => (broken ||= `${e.message} ${e.filename}:${e.lineno}`));
window.addEventListener('unhandledrejection', (e) => (broken ||= String(e.reason?.stack ?? e.reason)));

window.until = async (f, what) => {
  for (;;) {
    const v = await f();
    if (v) return v;
    if (broken) throw new Error(`the page broke, and would not come to ${what ?? f}: ${broken}`);
    if (performance.now() > window.patience) {
      const shown = document.body.innerText.replace(/\s+/g, ' ').slice(0, 1500);
      throw new Error(`waited in vain for ${what ?? f}\n${shown}`);
    }
    await frame();
  }
};

window.$ = (s, root = document) => root.querySelector(s);
window.$$ = (s, root = document) => [...root.querySelectorAll(s)];
window.by = (s, text, root = document) => $$(s, root).findLast((n) => n.innerText.trim() === text);
window.shows = (text, root = document.body) => Boolean(root?.innerText.includes(text));

// told says what a node is, for somebody who reads why a test failed.
window.told = (n) => {
  if (!n) return 'nothing';
  const box = n.getBoundingClientRect();
  const classes = [...n.classList].map((c) => `.${c}`).join('');
  const text = (n.innerText ?? n.value ?? '').trim().replace(/\s+/g, ' ').slice(0, 80);
  return `<${n.tagName.toLowerCase()}${classes}> “${text}” (${Math.round(box.width)}×${Math.round(box.height)} at ${Math.round(box.left)},${Math.round(box.top)})`;
};

// moving tells whether something is on its way to another place. What turns for ever, such as a busy sign, is not.
const moving = () =>
  document.getAnimations().some((a) => a.playState === 'running' && a.effect.getComputedTiming().endTime !== Infinity);

// still waits until find gives the same node, which can be pressed, at the same place for two frames in a row.
const still = async (find, what) => {
  let last = null;
  return until(async () => {
    const node = find();
    if (!node) return (last = null);
    node.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    const box = node.getBoundingClientRect();
    const now = [box.left, box.top, box.width, box.height].join();
    const same = last?.node === node && last.box === now;
    last = { node, box: now };
    return same && box.width > 0 && box.height > 0 && !node.disabled && !moving() && node;
  }, `something to click: ${what}`);
};

let guard = null;

// aim gives the middle of what is to be clicked, and says what is met there when that is something else. Until landed is
// called, a click that meets something else, because the page moved just then, does not reach the page.
window.aim = async (find, what) => {
  guard?.abort();
  const node = await still(find, what);
  const box = node.getBoundingClientRect();
  const at = { x: box.left + box.width / 2, y: box.top + box.height / 2 };
  const met = document.elementFromPoint(at.x, at.y);
  if (!node.contains(met)) return { ...at, node: told(node), met: told(met) };
  guard = new AbortController();
  guard.clicked = false;
  for (const type of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']) {
    const check = (e) => {
      if (guard.clicked || !e.isTrusted) return; // what the page does then is its own business
      if (node.contains(e.target)) guard.clicked = type === 'click';
      else {
        e.stopImmediatePropagation();
        e.preventDefault();
      }
    };
    window.addEventListener(type, check, { capture: true, signal: guard.signal });
  }
  return at;
};

// landed tells whether the click reached what was aimed at, and lets everything through again.
window.landed = () => {
  guard?.abort();
  return guard?.clicked ?? true;
};
