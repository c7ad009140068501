//go:build browser

// Package pagetest tries pages in a real browser, headless Chromium, as a
// person would: with a mouse and a keyboard.
//
// Its nouns are a Browser and a Tab in it. A Tab fails its test for whatever
// the page should never report, a refused script or style included. It refuses
// to click what a person could not: something covered, or out of sight.
//
// It is built only with the tag browser, so that no machine starts a browser
// without being asked to.
package pagetest

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long a page may take to come to what is waited for. It is far
// more than a busy machine needs; the test's own deadline may end it earlier.
const patience = 4 * time.Minute

// answerTime is what the browser has on top of it, to say what it waited for.
const answerTime = 20 * time.Second

// Browser is a headless Chromium.
type Browser struct{ ctx context.Context }

// Start starts Chromium and ends it with the test.
func Start(t *testing.T) *Browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("there is no Chromium on this machine. Install it (on Debian: apt-get install chromium), or run the tests without -tags browser, which need none.")
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

// left is how long a wait may take from now on.
func (tab *Tab) left() time.Duration {
	deadline, limited := tab.t.Deadline()
	if !limited {
		return patience
	}
	return max(time.Second, min(patience, time.Until(deadline)-2*answerTime))
}

// do performs steps.
func (tab *Tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, tab.left()+answerTime)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tab.t.Fatalf("%s: %v", what, err)
	}
}

// words are for the tests' scripts: until waits for something to become true,
// looking again whenever the page draws a frame, $ and $$ find by selector, by
// finds by what is written on it, and shows tells whether something can be read.
//
//go:embed words.js
var words string

// Run evaluates a script, waits for its promise and reads the value that it
// returns into out, unless out is nil.
func (tab *Tab) Run(out any, script string) {
	tab.t.Helper()
	left := tab.left()
	ctx, cancel := context.WithTimeout(tab.ctx, left+answerTime)
	defer cancel()
	whole := fmt.Sprintf("(async () => { window.patience = performance.now() + %d; %s})()", left.Milliseconds(), script)
	value, err := chromedp.Run(ctx, chromedp.Evaluate[[]byte](whole, chromedp.EvalAwaitPromise,
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

// Click clicks with the mouse what an expression finds, once it is there, can
// be pressed and stands still. Where something else is on top, the test fails
// with what that is.
func (tab *Tab) Click(expression string) {
	tab.t.Helper()
	tab.click(expression, 1)
}

// DoubleClick clicks twice as fast as people do it, and on whatever is there at
// the second time.
func (tab *Tab) DoubleClick(expression string) {
	tab.t.Helper()
	tab.click(expression, 2)
}

func (tab *Tab) click(expression string, times int) {
	tab.t.Helper()
	for end := time.Now().Add(tab.left()); ; {
		var at struct {
			X, Y      float64
			Node, Met string
		}
		tab.Run(&at, fmt.Sprintf("return await aim(() => %s, %q);", expression, expression))
		if at.Met != "" {
			tab.t.Fatalf("click %s: this is %s, but a click in the middle of it would meet %s", expression, at.Node, at.Met)
		}
		tab.do("click "+expression, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at.X, at.Y), chromedp.MouseClickXY(at.X, at.Y))
		var landed bool
		tab.Run(&landed, "return landed();")
		if landed {
			if times == 2 {
				tab.do("click again "+expression, chromedp.MouseClickXY(at.X, at.Y, chromedp.ClickCount(2)))
			}
			return
		}
		// The page moved between the look and the click, which it did not get:
		// aim again, and fail there if something else is on top by now.
		if time.Now().After(end) {
			tab.t.Fatalf("click %s: it is redrawn under the mouse every time", expression)
		}
	}
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

// Print returns the page on paper, as PDF.
func (tab *Tab) Print() (pdf []byte) {
	tab.t.Helper()
	tab.do("print", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		printed, err := chromedp.Call(ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true)})
		pdf = printed.Data
		return err
	}))
	return pdf
}

// Picture returns what is in sight, as PNG, with the mouse out of the way and
// the focus nowhere.
func (tab *Tab) Picture() []byte {
	tab.t.Helper()
	tab.do("rest", chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 0, 0))
	tab.Run(nil, `document.activeElement?.blur(); await frame(); await frame();`)
	ctx, cancel := context.WithTimeout(tab.ctx, tab.left()+answerTime)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		tab.t.Fatalf("picture: %v", err)
	}
	return png
}
