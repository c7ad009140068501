package page

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// browser is a headless Chromium, spoken to over its DevTools protocol.
type browser struct {
	conn *websocket.Conn

	mu      sync.Mutex
	last    int
	waiting map[int]chan reply
	tabs    map[string]*tab
}

type reply struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// tab is one page in it. Every error that the page reports is kept and fails the test at its end.
type tab struct {
	t       *testing.T
	b       *browser
	session string

	mu     sync.Mutex
	errors []string
}

// startBrowser starts Chromium and ends it with the test. Without one on the machine the test is skipped.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("there is no Chromium on this machine: the page is not tried in a browser")
	}
	profile, err := os.MkdirTemp("", "page-test-")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--user-data-dir="+profile, "--remote-debugging-port=0", "about:blank")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := &browser{waiting: map[int]chan reply{}, tabs: map[string]*tab{}}
	t.Cleanup(func() {
		if b.conn != nil {
			b.call("", "Browser.close", nil)
			b.conn.Close()
		}
		stop := time.AfterFunc(5*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
		stop.Stop()
		os.RemoveAll(profile)
	})
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		_, url, ok := strings.Cut(lines.Text(), "DevTools listening on ")
		if !ok {
			continue
		}
		if b.conn, _, err = websocket.DefaultDialer.Dial(url, nil); err != nil {
			t.Fatal(err)
		}
		go b.read()
		return b
	}
	t.Fatalf("%s ended before it listened: %v", path, lines.Err())
	return nil
}

// read hands out answers and events until the connection ends.
func (b *browser) read() {
	for {
		var m struct {
			ID        int    `json:"id"`
			SessionID string `json:"sessionId"`
			Method    string `json:"method"`
			Params    json.RawMessage
			reply
		}
		if err := b.conn.ReadJSON(&m); err != nil {
			b.mu.Lock()
			for _, ch := range b.waiting {
				close(ch)
			}
			b.waiting = nil
			b.mu.Unlock()
			return
		}
		b.mu.Lock()
		ch, tab := b.waiting[m.ID], b.tabs[m.SessionID]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		if ch != nil {
			ch <- m.reply
		} else if tab != nil {
			tab.event(m.Method, m.Params)
		}
	}
}

// call sends one command and waits for its answer.
func (b *browser) call(session, method string, params any) (json.RawMessage, error) {
	ch := make(chan reply, 1)
	b.mu.Lock()
	if b.waiting == nil {
		b.mu.Unlock()
		return nil, fmt.Errorf("%s: the browser is gone", method)
	}
	b.last++
	b.waiting[b.last] = ch
	command := map[string]any{"id": b.last, "method": method, "params": params}
	if session != "" {
		command["sessionId"] = session
	}
	if params == nil {
		delete(command, "params")
	}
	err := b.conn.WriteJSON(command)
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	r, ok := <-ch
	if !ok {
		return nil, fmt.Errorf("%s: the browser is gone", method)
	}
	if r.Error != nil {
		return nil, fmt.Errorf("%s: %s", method, r.Error.Message)
	}
	return r.Result, nil
}

// open shows an address in a tab of that many pixels.
func (b *browser) open(t *testing.T, address string, width, height int) *tab {
	t.Helper()
	tab := &tab{t: t, b: b}
	var target struct{ TargetID string }
	tab.into(&target, "Target.createTarget", map[string]any{"url": "about:blank"})
	var attached struct{ SessionID string }
	tab.into(&attached, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true})
	tab.session = attached.SessionID
	b.mu.Lock()
	b.tabs[tab.session] = tab
	b.mu.Unlock()
	tab.into(nil, "Runtime.enable", nil)
	tab.into(nil, "Log.enable", nil)
	tab.into(nil, "Page.enable", nil)
	tab.into(nil, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
	tab.into(nil, "Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": helpers})
	tab.into(nil, "Page.navigate", map[string]any{"url": address})
	t.Cleanup(func() {
		b.call("", "Target.closeTarget", map[string]any{"targetId": target.TargetID})
		tab.mu.Lock()
		defer tab.mu.Unlock()
		if len(tab.errors) > 0 {
			t.Errorf("the page reported:\n%s", strings.Join(tab.errors, "\n"))
		}
	})
	return tab
}

// helpers are for the tests' own scripts: until waits for something to become true, and say finds by what is written.
const helpers = `
window.until = async (f, what) => {
  const end = performance.now() + 10000;
  for (;;) {
    const v = await f();
    if (v) return v;
    if (performance.now() > end) throw new Error('waited in vain for ' + (what ?? f) + '\n' + document.body.innerText.slice(0, 1500));
    await new Promise((r) => setTimeout(r, 15));
  }
};
window.$ = (s, root = document) => root.querySelector(s);
window.$$ = (s, root = document) => [...root.querySelectorAll(s)];
window.by = (s, text, root = document) => $$(s, root).find((n) => n.innerText.trim() === text);
window.shows = (text, root = document.body) => Boolean(root?.innerText.includes(text));
`

func (tab *tab) into(out any, method string, params any) {
	tab.t.Helper()
	result, err := tab.b.call(tab.session, method, params)
	if err != nil {
		tab.t.Fatal(err)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(result, out); err != nil {
		tab.t.Fatalf("%s = %s: %v", method, result, err)
	}
}

// run evaluates a script, waits for its promise and reads its value.
func (tab *tab) run(out any, script string) {
	tab.t.Helper()
	var r struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	tab.into(&r, "Runtime.evaluate", map[string]any{
		"expression": "(async () => {" + script + "})()", "awaitPromise": true, "returnByValue": true, "userGesture": true,
	})
	if e := r.ExceptionDetails; e != nil {
		tab.t.Fatalf("script failed: %s %s\n%s", e.Text, e.Exception.Description, script)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(r.Result.Value, out); err != nil {
		tab.t.Fatalf("script gave %s: %v\n%s", r.Result.Value, err, script)
	}
}

// await waits until an expression is true.
func (tab *tab) await(expression string) {
	tab.t.Helper()
	tab.run(nil, "await until(() => "+expression+")")
}

// key presses a key; text types.
func (tab *tab) key(key string) {
	tab.t.Helper()
	codes := map[string]int{"Enter": 13, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38, "Tab": 9}
	down := map[string]any{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
	if key == "Enter" {
		down["text"] = "\r"
	}
	tab.into(nil, "Input.dispatchKeyEvent", down)
	tab.into(nil, "Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "code": key})
}

func (tab *tab) text(text string) {
	tab.t.Helper()
	tab.into(nil, "Input.insertText", map[string]any{"text": text})
}

// event keeps what a page should never report.
func (tab *tab) event(method string, params json.RawMessage) {
	switch method {
	case "Runtime.exceptionThrown":
	case "Log.entryAdded":
		var p struct{ Entry struct{ Level string } }
		if json.Unmarshal(params, &p) == nil && p.Entry.Level != "error" {
			return
		}
	default:
		return
	}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.errors = append(tab.errors, method+" "+string(params))
}
