package postmortem

import (
	"slices"
	"strings"
)

// Markdown returns the whole document as CommonMark with tables. Everything in
// it that is not its own frame went through the one escaper.
func (d Document) Markdown() string {
	if d.sealed != "" {
		return d.sealed
	}
	if d.form != nil {
		return d.formed()
	}
	var b strings.Builder
	b.WriteString("# " + escapeLine(d.Name+": "+d.Title) + "\n")
	for _, s := range d.Sections {
		if !s.Empty() {
			s.markdown(&b)
		}
	}
	return b.String()
}

func (s Section) markdown(b *strings.Builder) {
	b.WriteString("\n## " + escapeLine(s.Title) + "\n")
	for _, l := range s.Lines {
		b.WriteString("\n" + escapeBlock(l, "") + "\n")
	}
	if s.Table != nil {
		s.Table.markdown(b)
	}
	if len(s.List) > 0 {
		b.WriteByte('\n')
	}
	for _, it := range s.List {
		b.WriteString("- ")
		if lead := marked("**", it.Lead); lead != "" {
			b.WriteString(lead + " ")
		}
		b.WriteString(escapeBlock(it.Text, "  ") + "\n")
	}
	for _, q := range s.Questions {
		q.markdown(b)
	}
}

func (q Question) markdown(b *strings.Builder) {
	b.WriteString("\n" + marked("**", q.Text))
	if q.Hint != "" && len(q.Answers) == 0 {
		b.WriteString(" (" + escapeLine(q.Hint) + ")")
	}
	b.WriteString("\n\n")
	if len(q.Answers) == 0 {
		b.WriteString("_" + q.Open() + "_\n")
	}
	for n, a := range q.Answers {
		if n > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(join("\\\n", escapeBlock(a.Text, ""), marked("_", a.Who)) + "\n")
	}
}

func (t Table) markdown(b *strings.Builder) {
	b.WriteByte('\n')
	row(b, t.Head)
	b.WriteString("|" + strings.Repeat(" --- |", len(t.Head)) + "\n")
	for _, r := range t.Rows {
		row(b, r)
	}
}

func row(b *strings.Builder, cells []string) {
	b.WriteByte('|')
	for _, c := range cells {
		b.WriteString(" " + escapeLine(c) + " |")
	}
	b.WriteByte('\n')
}

// marked is s between two signs that make it bold or slanted; nothing where it is blank,
// since the signs alone would show, or be a line across the page.
func marked(sign, s string) string {
	if s = escapeLine(s); s == "" {
		return ""
	}
	return sign + s + sign
}

// join joins what is not empty.
func join(between string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), between)
}

// escapeLine escapes s for a place that holds one line.
func escapeLine(s string) string {
	return escape(strings.Join(strings.Fields(s), " "))
}

// escapeBlock escapes s and keeps its lines, with indent before each but the
// first. Empty lines are dropped: they would end the paragraph.
func escapeBlock(s, indent string) string {
	var lines []string
	for l := range strings.Lines(s) {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, escape(l))
		}
	}
	return strings.Join(lines, "\\\n"+indent)
}

// escape is the only way for text into Markdown. Whatever s holds is shown and
// nothing of it acts: no emphasis, code, image, table, heading, list, HTML, formula,
// template, mention, nor a link but for one: a plain address of the web is a link to
// what it shows, see [isAddress]. The three signs of HTML become entities, which keeps
// Slack's <!channel> harmless too, wherever the Markdown is pasted.
func escape(s string) string {
	var b strings.Builder
	b.Grow(len(s) + len(s)/8)
	for n, p := range parts(s) {
		if p.Address {
			b.WriteString("<" + p.Text + ">")
			continue
		}
		escapeText(&b, p.Text, n == 0)
	}
	line := b.String()
	if strings.HasSuffix(s, `\`) {
		// Not every reader counts the backslashes before the one that breaks the line.
		line = strings.TrimSuffix(line, `\\`) + "&#92;"
	}
	return line
}

// escapeText escapes what is no address; first: it begins the line.
func escapeText(b *strings.Builder, s string, first bool) {
	for i, r := range s {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '\\', '`', '*', '_', '[', ']', '|', '~', '$', '{', '}':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '@':
			// A backslash does not stop the sites that turn @name into a
			// mention after rendering; an invisible joiner does.
			b.WriteString("@\u2060")
		case '#':
			b.WriteString("\\#")
		case '/':
			if strings.HasPrefix(s[i:], "//") && i > 0 && s[i-1] == ':' {
				b.WriteByte('\\')
			}
			b.WriteByte('/')
		case '.':
			if i >= 3 && strings.EqualFold(s[i-3:i], "www") || first && numbered(s, i) {
				b.WriteByte('\\')
			}
			b.WriteByte('.')
		case '+', '-', '=', ')', ':', '!': // the last two begin definitions, boxes and notes for some readers
			if first && (i == 0 || numbered(s, i)) {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
}

// numbered reports whether s[i] ends the number of an ordered list at the
// beginning of the line.
func numbered(s string, i int) bool {
	if i == 0 || i > 9 || s[i] != '.' && s[i] != ')' {
		return false
	}
	for _, c := range []byte(s[:i]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
