package alert

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// counting counts what is read of a body.
type counting struct {
	io.Reader
	read int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

func TestSecretIn(t *testing.T) {
	deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	tests := []struct{ name, body, want, err string }{
		{"first", `{"routing_key":"R1","event_action":"trigger"}`, "R1", ""},
		{"last", `{"a":1,"b":[true,null,-1.5e9],"c":{"d":"}"},"e":"\"","routing_key":"R1"}`, "R1", ""},
		{"byte order mark and white space", "\xEF\xBB\xBF\n { \"routing_key\" :\t\"R1\" }", "R1", ""},
		{"escapes in the name and the key", `{"routing\u005fkey":"R\u0031\/x"}`, "R1/x", ""},
		{"only that of the body itself", `{"payload":{"routing_key":"no"},"list":[{"routing_key":"no"}],"x":"routing_key","routing_key":"R1"}`, "R1", ""},
		{"of two the first", `{"routing_key":"R1","routing_key":"R2"}`, "R1", ""},
		{"null is absent", `{"routing_key":null,"routing_key":"R1"}`, "R1", ""},
		{"behind something deep", `{"a":` + deep + `,"routing_key":"R1"}`, "R1", ""},
		{"behind a long text", `{"a":"` + strings.Repeat(`x\"`, 50_000) + `","routing_key":"R1"}`, "R1", ""},
		{"a long name", `{"` + strings.Repeat("routing_key", 100) + `":"no","routing_key":"R1"}`, "R1", ""},
		{"garbage behind it is not looked at", `{"routing_key":"R1",,,`, "R1", ""},
		{"missing", `{"payload":{"routing_key":"no"}}`, "", "routing_key: is missing; it is the integration key"},
		{"an empty object", `{}`, "", "routing_key: is missing; it is the integration key"},
		{"empty", `{"routing_key":""}`, "", "routing_key: is empty; it is the integration key"},
		{"a number", `{"routing_key":7}`, "", "routing_key: must be a string"},
		{"too long", `{"routing_key":"` + strings.Repeat("x", 5000) + `"}`, "", "routing_key: is longer than an integration key can be"},
		{"nothing", "", "", "body: is empty; a JSON object is expected"},
		{"a list", `["routing_key","R1"]`, "", "body: is not JSON, at byte 1"},
		{"no JSON", `routing_key=R1`, "", "body: is not JSON, at byte 1"},
		{"binary", "{\"a\":\x00\x01", "", "body: is not JSON, at byte 6"},
		{"no name", `{"a":1,7}`, "", "body: is not JSON, at byte 8"},
		{"cut off", `{"a":1,"routing_key":"R`, "", "body: is not JSON: it ends in the middle, after 23 bytes"},
		{"cut off before", `{"a":[1`, "", "body: is not JSON: it ends in the middle, after 7 bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{"at once": strings.NewReader(test.body), "byte by byte": iotest.OneByteReader(strings.NewReader(test.body)),
				"with its end": iotest.DataErrReader(strings.NewReader(test.body))} {
				got, err := SecretIn(SenderPagerDuty, r)
				text := ""
				if err != nil {
					text = err.Error()
				}
				if got != test.want || text != test.err {
					t.Errorf("%s: SecretIn(%.60q) = %q, %q; want %q, %q", how, test.body, got, text, test.want, test.err)
				}
			}
		})
	}
}

// A stranger's body is read no further than its key, and costs the same however
// long it is.
func TestSecretInStopsAndKeepsNothing(t *testing.T) {
	rest := strings.Repeat("x", 1<<20)
	c := &counting{Reader: strings.NewReader(`{"service_key":"R1","rest":"` + rest + `"}`)}
	if key, err := SecretIn(SenderPagerDutyV1, c); key != "R1" || err != nil || c.read > 512 {
		t.Errorf("SecretIn = %q, %v after %d bytes; want R1 after at most 512", key, err, c.read)
	}
	body := `{"rest":"` + rest + `","zeros":[` + strings.Repeat("0,", 1<<19) + `0],"routing_key":"R1"}`
	r := strings.NewReader(body)
	got := allocated(func() {
		if key, err := SecretIn(SenderPagerDutyChange, r); key != "R1" || err != nil {
			t.Errorf("SecretIn = %q, %v", key, err)
		}
	})
	if got > 64<<10 {
		t.Errorf("finding the key behind %d bytes costs %d bytes, want at most 64 KiB", len(body), got)
	}
	broken := errors.New("the line is cut")
	if _, err := SecretIn(SenderPagerDuty, io.MultiReader(strings.NewReader(`{"a":1,`), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("SecretIn of a broken line = %v, want %v", err, broken)
	}
	if _, err := SecretIn(SenderGrafana, strings.NewReader("{}")); err == nil {
		t.Error("SecretIn of a sender without a key in its body: no error")
	}
}

func FuzzSecretIn(f *testing.F) {
	f.Add([]byte(`{"a":[{"routing_key":"no"}],"routing_key":"R1"}`))
	f.Add([]byte(`{"routing\u005fkey":"R1"`))
	f.Fuzz(func(t *testing.T, body []byte) {
		key, err := SecretIn(SenderPagerDuty, strings.NewReader(string(body)))
		if (key == "") == (err == nil) {
			t.Errorf("SecretIn(%q) = %q, %v", body, key, err)
		}
		if n, _, bad := checked(body); bad == nil && n.kind() == isObject {
			first := node(nil)
			n.each(func(k, v node) bool {
				if k.is("routing_key") && v.kind() != isNull {
					first = v
				}
				return first == nil
			})
			if want := first.text(); first.kind() == isString && len(first) < maxSecret && want != "" && key != want {
				t.Errorf("SecretIn(%q) = %q, %v; want %q", body, key, err, want)
			}
		}
	})
}
