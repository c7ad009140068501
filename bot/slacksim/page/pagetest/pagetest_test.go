//go:build browser

package pagetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// show serves a page and opens it.
func show(t *testing.T, b *Browser, html string) *Tab {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "<!DOCTYPE html><title>t</title><link rel=icon href='data:,'><body>%s<output></output>", html)
	}))
	t.Cleanup(server.Close)
	return b.Open(t, server.URL, 600, 400)
}

// TestBrowserClick tries what a click does when the page makes it difficult.
func TestBrowserClick(t *testing.T) {
	b := Start(t)
	const counts = `<script>let n = 0; const count = (e) => { n += 1; document.querySelector('output').value = n; }</script>`
	once := func(t *testing.T, tab *Tab) {
		t.Helper()
		var n string
		tab.Run(&n, `return $('output').value`)
		if n != "1" {
			t.Errorf("the button was pressed %q times, want once", n)
		}
	}
	t.Run("one that is not there yet", func(t *testing.T) {
		tab := show(t, b, counts+`<script>setTimeout(() => { const n = document.createElement('button'); n.append('Go'); n.onclick = count; document.body.append(n); }, 300)</script>`)
		tab.Click(`$('button')`)
		once(t, tab)
	})
	t.Run("one that cannot be pressed yet", func(t *testing.T) {
		tab := show(t, b, counts+`<button disabled onclick="count()">Go</button><script>setTimeout(() => { document.querySelector('button').disabled = false; }, 300)</script>`)
		tab.Click(`$('button')`)
		once(t, tab)
	})
	t.Run("one that slides", func(t *testing.T) {
		tab := show(t, b, counts+`<style>@keyframes in { from { translate: 0 200px } } button { animation: in .5s }</style><button onclick="count()">Go</button>`)
		tab.Click(`$('button')`)
		once(t, tab)
	})
	t.Run("one that is far below", func(t *testing.T) {
		tab := show(t, b, counts+`<div style="height: 3000px"></div><button onclick="count()">Go</button>`)
		tab.Click(`$('button')`)
		once(t, tab)
	})
	t.Run("one that leaves as the mouse comes", func(t *testing.T) {
		tab := show(t, b, counts+`<button onclick="document.title = 'wrong'">Wrong</button><button id="go" onclick="count()">Go</button>
			<script>addEventListener('mousemove', () => document.body.prepend(document.getElementById('go')), { once: true })</script>`)
		tab.Click(`$('#go')`)
		once(t, tab)
		tab.Await(`document.title !== 'wrong'`)
	})
	t.Run("one that is drawn anew between press and release", func(t *testing.T) {
		tab := show(t, b, counts+`<button onclick="count()">Go</button>
			<script>addEventListener('mousedown', (e) => { const n = e.target.cloneNode(true); e.target.replaceWith(n); }, { once: true })</script>`)
		tab.Click(`$('button')`)
		once(t, tab)
	})
	t.Run("twice", func(t *testing.T) {
		tab := show(t, b, `<button>Go</button><script>addEventListener('dblclick', () => { document.querySelector('output').value = 'double' })</script>`)
		tab.DoubleClick(`$('button')`)
		tab.Await(`$('output').value === 'double'`)
	})
}

// TestBrowserClickMeets runs this test once more as a program of its own, since
// what it is about is a test that fails.
func TestBrowserClickMeets(t *testing.T) {
	for name, c := range map[string]struct{ html, click, met string }{
		"something in front": {
			`<button>Go</button><div class="veil" style="position: fixed; inset: 0">A veil</div>`, `$('button')`,
			"<div.veil> “A veil” (600×400 at 0,0)"},
		"the middle of words that wrap": {
			`<p style="width: 200px; font: 20px monospace">aaaaaaaa <a href="#">bbbb bbbb</a> cccccccccc</p>`, `$('a')`,
			"<p> “aaaaaaaa bbbb bbbb cccccccccc”"},
	} {
		t.Run(name, func(t *testing.T) {
			if os.Getenv("PAGETEST_CHILD") != "" {
				show(t, Start(t), c.html).Click(c.click)
				return
			}
			child := exec.Command(os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), " ", "_")+"$")
			child.Env = append(os.Environ(), "PAGETEST_CHILD=1")
			out, err := child.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "would meet "+c.met) || strings.Contains(string(out), "waited in vain") {
				t.Errorf("the test ended with %v and said\n%s\nwant that it fails at once and says that the click would meet %s", err, out, c.met)
			}
		})
	}
}
