//go:build browser

package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/bot/slacksim/page/pagetest"
)

const (
	pictures    = "../../docs/pictures"
	pictureMost = 200 << 10 // bytes
)

// picturesInBrowser takes the README's pictures with -update. Otherwise it
// checks that they are there and that the page still shows the texts in them.
func picturesInBrowser(t *testing.T, b *pagetest.Browser) {
	v := visit(t, b, liveDemo(t, nil), 1060, 860)
	onCall := v.declares("card payments fail")

	v.becomes(onCall)
	v.entersMessages()
	v.sees("#inc-13-card-payments-fail") // which the page got when it stood
	v.Resize(1200, 560)
	v.Click(`$('.tools-bar [aria-label="Phones"]')`)
	v.Await(`$('.ring')`)
	picture(t, v, "page", ".channel .message .body, .ring p, .ring .btn")
	v.Click(`$('.dock .close')`)
	v.Resize(1060, 1000) // all of a young incident's channel
	v.presses("Acknowledge")
	v.enters("inc-")
	v.sees("is on it,")
	v.says("/incident note what: approvals of one card network fell to zero")
	v.sees("noted (what): approvals of one card network")
	v.Click(`$$('.message.ephemeral .link').at(-1)`)
	v.Await(`!$('.message.ephemeral')`)
	v.Await(`$('.newer').hidden`)
	picture(t, v, "channel", ".channel .message .body")
	v.Resize(1060, 800)

	v.says("/incident declare")
	v.Await(`$('.dialog')`)
	v.Type("Card payments fail at the last step")
	picture(t, v, "form", ".dialog")
	v.Click(`by('.dialog .btn', 'Cancel')`)
	v.Await(`$('.veil').hidden`)
}

// picture takes one, or compares the texts in it with those of the last one.
func picture(t *testing.T, v visitor, name, texts string) {
	t.Helper()
	var shown []string
	v.Run(&shown, `return $$('`+texts+`').map((n) => n.innerText)`)
	got := steady(strings.Join(shown, "\n")) + "\n"
	image, golden := filepath.Join(pictures, name+".png"), filepath.Join("testdata/pictures", name+".txt")
	if *update {
		v.Run(nil, `$$('.toasts').forEach((n) => n.replaceChildren())`)
		for path, data := range map[string][]byte{image: v.Picture(), golden: []byte(got)} {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s shows other texts than %s (-picture +page); look at both, then run with -update:\n%s", name, image, diff)
	}
	data, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	if config, err := png.DecodeConfig(bytes.NewReader(data)); err != nil || config.Width < 600 || len(data) > pictureMost {
		t.Errorf("%s: %v, %d pixels wide, %d bytes; want at least 600 pixels and at most %d bytes", image, err, config.Width, len(data), pictureMost)
	}
}

// steady takes out of a text what is different from day to day or from run to
// run: times, who of a team is on call, and whether the channel stood already
// when the phone rang.
func steady(s string) string {
	for _, change := range [][2]string{
		{`\d\d:\d\d`, "00:00"},
		{`((Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?00:00 ([A-Z]{3,5}|[+-]\d\d)\b`, "00:00 UTC"},
		{`today|yesterday|tomorrow`, "today"},
		{`Aisha Bello|Jonas Weber|Clara Nunes`, "Somebody"},
		{`\nSlack: #inc-13-\S+`, ""},
		{`[ \t]+\n`, "\n"},
	} {
		s = regexp.MustCompile(change[0]).ReplaceAllString(s, change[1])
	}
	return s
}
