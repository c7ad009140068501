// Package pagetest tries pages in a real browser, headless Chromium, as a
// person would: with a mouse and a keyboard.
//
// Its nouns are a Browser and a Tab in it. A Tab fails its test for whatever
// the page should never report, a refused script or style included. It refuses
// to click what a person could not: something covered, or out of sight.
package pagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// stepTime is how long one thing may take in the browser. Waiting for
// something to be seen ends after a minute, with words about it.
const stepTime = 90 * time.Second

// Browser is a headless Chromium.
type Browser struct{ ctx context.Context }

// Start starts Chromium and ends it with the test. Without one on the machine
// the test is skipped, but fails where the environment has CI set.
func Start(t *testing.T) *Browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	switch {
	case path == "" && os.Getenv("CI") != "":
		t.Fatal("there is no Chromium on this machine, and CI tries the page in one")
	case path == "":
		t.Skip("there is no Chromium on this machine: the page is not tried in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	allocator, forget := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator) // ended by Cancel, which waits
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("end %s: %v", path, err)
		}
		forget()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return &Browser{ctx}
}

// Tab is one page in a Browser. Its methods fail the test when the page does
// not do as they say.
type Tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	reported []string
}

// Open shows an address in a tab of that many pixels, with nothing remembered
// from other tabs. The tab ends with the test.
func (b *Browser) Open(t *testing.T, address string, width, height int64) *Tab {
	t.Helper()
	tab := &Tab{t: t}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(tab.event))
	tab.ctx = ctx
	t.Cleanup(func() {
		cancel()
		tab.mu.Lock()
		defer tab.mu.Unlock()
		if len(tab.reported) > 0 {
			t.Errorf("the page reported:\n%s", strings.Join(tab.reported, "\n"))
		}
	})
	size := []chromedp.EmulateViewportOption{}
	if width < 500 {
		size = append(size, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	if err := chromedp.Do(ctx); err != nil { // outside of do: a time limit here would end the tab with it
		t.Fatalf("open a tab: %v", err)
	}
	tab.do("open "+address, chromedp.EmulateViewport(width, height, size...), chromedp.Navigate(address))
	tab.Run(nil, words)
	return tab
}

// event keeps what a page should never report.
func (tab *Tab) event(ev any) {
	report := ""
	switch e := ev.(type) {
	case *runtime.EventExceptionThrown:
		report = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			report += " " + e.ExceptionDetails.Exception.Description
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			report = e.Entry.Text + " " + e.Entry.URL
		}
	}
	if report == "" {
		return
	}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.reported = append(tab.reported, report)
}

// Forgive drops what the page has reported so far, where that is part of the
// story: a refused form, an image that does not exist.
func (tab *Tab) Forgive() {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.reported = nil
}

// do performs steps, all together within stepTime.
func (tab *Tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, stepTime)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tab.t.Fatalf("%s: %v", what, err)
	}
}

// words are for the tests' scripts: until waits for something to become true, $
// and $$ find by selector, by finds by what is written on it, and shows tells
// whether something can be read.
const words = `
window.until = async (f, what) => {
  const end = performance.now() + 60000;
  for (;;) {
    const v = await f();
    if (v) return v;
    if (performance.now() > end) throw new Error('waited in vain for ' + (what ?? f) + '\n' + document.body.innerText.replace(/\s+/g, ' ').slice(0, 1500));
    await new Promise((r) => setTimeout(r, 15));
  }
};
window.$ = (s, root = document) => root.querySelector(s);
window.$$ = (s, root = document) => [...root.querySelectorAll(s)];
window.by = (s, text, root = document) => $$(s, root).findLast((n) => n.innerText.trim() === text);
window.shows = (text, root = document.body) => Boolean(root?.innerText.includes(text));
`

// Run evaluates a script, waits for its promise and reads the value that it
// returns into out, unless out is nil.
func (tab *Tab) Run(out any, script string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, stepTime)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[[]byte]("(async () => {"+script+"})()", chromedp.EvalAwaitPromise,
		func(p *runtime.EvaluateParams) { p.UserGesture = new(true) }))
	if err != nil {
		tab.t.Fatalf("script failed: %v\n%s", err, script)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(value, out); err != nil {
		tab.t.Fatalf("script gave %s: %v\n%s", value, err, script)
	}
}

// Await waits until an expression is true.
func (tab *Tab) Await(expression string) {
	tab.t.Helper()
	tab.Run(nil, "await until(() => "+expression+")")
}

// Click clicks with the mouse what an expression finds, once it is there,
// stands still and is on top.
func (tab *Tab) Click(expression string) {
	tab.t.Helper()
	var at struct{ X, Y float64 }
	tab.Run(&at, fmt.Sprintf(`
		let last = '';
		return await until(async () => {
			const node = %s;
			if (!node) return null;
			node.scrollIntoView({ block: 'nearest' });
			await new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)));
			const box = node.getBoundingClientRect();
			const at = { x: box.left + box.width / 2, y: box.top + box.height / 2 };
			const still = JSON.stringify(at) === last;
			last = JSON.stringify(at);
			const top = document.elementFromPoint(at.x, at.y);
			return still && box.width > 0 && (node.contains(top) || top?.contains(node)) && at;
		}, %q);`, expression, "something to click: "+expression))
	tab.do("click "+expression, chromedp.MouseClickXY(at.X, at.Y))
}

// Type types on the keyboard, letter by letter, where the cursor is.
func (tab *Tab) Type(text string) {
	tab.t.Helper()
	var strokes []chromedp.Action[chromedp.Void]
	for _, letter := range text {
		strokes = append(strokes, stroke(letter, 0))
	}
	tab.do("type "+text, strokes...)
}

// keys are those without a letter.
var keys = map[string]rune{"Enter": '\r', "Escape": '\x1b', "Tab": '\t', "ArrowDown": []rune(kb.ArrowDown)[0], "ArrowUp": []rune(kb.ArrowUp)[0], "Space": ' '}

var modifiers = map[string]chromedp.Modifier{"Ctrl": chromedp.ModifierCtrl, "Shift": chromedp.ModifierShift, "Alt": chromedp.ModifierAlt}

// Press presses a key by its name, with modifiers in front, such as Enter,
// Shift+Tab or Ctrl+k.
func (tab *Tab) Press(name string) {
	tab.t.Helper()
	parts := strings.Split(name, "+")
	last := parts[len(parts)-1]
	key, named := keys[last]
	if !named {
		key = []rune(last)[0]
	}
	var held chromedp.Modifier
	for _, m := range parts[:len(parts)-1] {
		held |= modifiers[m]
	}
	tab.do("press "+name, stroke(key, held))
}

// stroke presses a key and lets it go. The text comes with the key, unlike in
// chromedp.KeyEvent: what a page does instead of writing it must stay undone.
func stroke(key rune, held chromedp.Modifier) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		var down, up *input.DispatchKeyEventParams
		for _, e := range kb.Encode(key) {
			switch e.Type {
			case input.DispatchKeyEventTypeChar:
				if down != nil && held&^chromedp.ModifierShift == 0 {
					down.Type, down.Text, down.UnmodifiedText = input.DispatchKeyEventTypeKeyDown, e.Text, e.UnmodifiedText
				}
			case input.DispatchKeyEventTypeKeyUp:
				up = e
			default:
				down = e
			}
		}
		for _, e := range []*input.DispatchKeyEventParams{down, up} {
			e.Modifiers |= int64(held)
			if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, *e); err != nil {
				return err
			}
		}
		return nil
	})
}

// Dark makes the system ask for dark colours.
func (tab *Tab) Dark() {
	tab.t.Helper()
	tab.do("dark", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
		return err
	}))
}

// Resize changes the size of what is in sight, in pixels.
func (tab *Tab) Resize(width, height int64) {
	tab.t.Helper()
	tab.do("resize", chromedp.EmulateViewport(width, height))
}

// Reload loads the page anew, as F5 does.
func (tab *Tab) Reload() {
	tab.t.Helper()
	tab.do("reload", chromedp.Reload())
	tab.Run(nil, words)
}

// Picture returns what is in sight, as PNG, with the mouse out of the way and
// the focus nowhere.
func (tab *Tab) Picture() []byte {
	tab.t.Helper()
	tab.do("rest", chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 0, 0))
	tab.Run(nil, `document.activeElement?.blur(); await new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)));`)
	ctx, cancel := context.WithTimeout(tab.ctx, stepTime)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		tab.t.Fatalf("picture: %v", err)
	}
	return png
}
