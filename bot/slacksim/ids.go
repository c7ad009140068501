package slacksim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const hexDigits = "0123456789abcdef"

// id makes an identifier of the kind that prefix says (T, U, C …): eleven
// characters, unique in the workspace, rising in order of creation.
func (w *Workspace) id(prefix string) string {
	w.lastID++
	n := strings.ToUpper(strconv.FormatInt(int64(w.lastID), 36))
	pad := 11 - len(prefix) - 1 - len(n)
	return prefix + "0" + strings.Repeat("0", max(pad, 0)) + n
}

// secret is n random lower-case hexadecimal digits.
func (w *Workspace) secret(n int) string { return w.draw(hexDigits, n) }

// digits is n random decimal digits.
func (w *Workspace) digits(n int) string { return w.draw(hexDigits[:10], n) }

func (w *Workspace) draw(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[w.rnd.IntN(len(alphabet))]
	}
	return string(b)
}

func (w *Workspace) uuid() string {
	s := w.secret(32)
	return s[:8] + "-" + s[8:12] + "-4" + s[13:16] + "-8" + s[17:20] + "-" + s[20:]
}

// nextTS hands out the next message timestamp: ten digits, a dot, six digits,
// never the same twice and never falling, so it also serves as message ID.
func (w *Workspace) nextTS() string {
	t := max(w.now().UnixMicro(), w.lastTS+1)
	w.lastTS = t
	return fmt.Sprintf("%010d.%06d", t/1e6, t%1e6)
}

// parseTS reads a Slack timestamp into microseconds. Fewer than six digits
// after the dot are filled up, since callers send rounded bounds like "0".
func parseTS(s string) (int64, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" || len(whole) > 10 || len(frac) > 6 || !isDigits(whole) || !isDigits(frac) {
		return 0, false
	}
	sec, _ := strconv.ParseInt(whole, 10, 64)
	micro, _ := strconv.ParseInt((frac + "000000")[:6], 10, 64)
	return sec*1e6 + micro, true
}

func isDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// eventTS is a timestamp for what is not a message: now, but not before the
// newest message.
func (w *Workspace) eventTS() string {
	t := max(w.now().UnixMicro(), w.lastTS)
	return fmt.Sprintf("%010d.%06d", t/1e6, t%1e6)
}

func unix(t time.Time) int64 { return t.Unix() }

// slug makes a handle or a domain from a name: lower case, dashes.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '.':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "x"
}
