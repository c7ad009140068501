package tracker

import (
	"strings"
	"unicode"

	"github.com/stormbell/stormbell/pattern"
)

// What providers take. GitHub has 256 characters, GitLab and Jira 255 for a title.
const (
	titleMost = 250
	textMost  = 20_000 // characters of a paragraph; Jira takes 32,767 in all
)

// title is the title as every provider takes it: one line, cut at its end.
func (i Issue) title() string {
	return cut(strings.Join(strings.Fields(i.Title), " "), titleMost)
}

// isName reports whether what a provider calls an issue can be its name: in one word, and
// no longer than anybody would type.
func isName(s string) bool {
	return s != "" && len(s) <= 200 && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune("<>|&`*", r)
	})
}

func cut(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return strings.TrimSpace(string(runes[:most-1])) + "…"
}

// markdown is the text for GitHub, GitLab and Linear, with sign at its end.
func (i Issue) markdown(sign string) string {
	var b strings.Builder
	for _, p := range i.Text {
		b.WriteString(escapeMarkdown(cut(p, textMost)))
		b.WriteString("\n\n")
	}
	b.WriteString(sign)
	return b.String()
}

// comment is the ID as a comment, which nobody sees.
func (i Issue) comment() string { return "<!-- stormbell " + i.ID + " -->" }

// signature is the ID where there are no comments.
func (i Issue) signature() string { return "Stormbell " + i.ID }

// escapeMarkdown makes plain text of what somebody wrote, in one line: a command of
// GitLab stands at the beginning of one. Addresses stay links.
func escapeMarkdown(s string) string {
	words := strings.Fields(s)
	for n, word := range words {
		if page(word) != "" && !strings.ContainsAny(word, "<>()[]`\\") {
			words[n] = profile.ReplaceAllString(word, "${1}\u200b${2}")
			continue
		}
		var b strings.Builder
		if strings.ContainsAny(word[:1], "-+=") || listNumber.MatchString(word) { // would begin a list, or a heading
			b.WriteString(word[:len(word)-len(strings.TrimLeft(word, "0123456789"))] + "\\")
			word = strings.TrimLeft(word, "0123456789")
		}
		for _, r := range word {
			if strings.ContainsRune("\\`*_[]<>#|~$&", r) {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		}
		words[n] = mentionNobody(b.String())
	}
	return strings.Join(words, " ")
}

var listNumber = pattern.New(`^[0-9]{1,9}[.)]`)

// mentionNobody breaks what names somebody or something at the provider by a space of no
// width. A backslash would not keep it from being taken for a mention.
func mentionNobody(s string) string {
	return elsewhere.ReplaceAllString(mention.ReplaceAllString(s, "${1}${2}\u200b"), "${1}\u200b${2}")
}

// profile is the address of somebody's page at Linear, which mentions them there.
var profile = pattern.New(`(?i)(//linear\.app/[^/]+)(/profiles/)`)

// mention is a sign that begins a name: somebody, an issue, a merge request, a label,
// a milestone, an epic, a snippet, or a command.
var mention = pattern.New(`(^|[^\pL\pN_])([@#!~%&$]|/)(?:\b)`)

// elsewhere is the number of an issue or a merge request, behind the name of its project.
var elsewhere = pattern.New(`([#!])([0-9])`)

// wiki is the text for Jira Data Center, whose notation is older than Markdown.
func (i Issue) wiki() string {
	paragraphs := make([]string, 0, len(i.Text)+1)
	for _, p := range i.Text {
		paragraphs = append(paragraphs, escapeWiki(cut(p, textMost)))
	}
	return strings.Join(append(paragraphs, i.signature()), "\n\n")
}

// wikiSigns escapes what has a meaning. Two backslashes would be a new line.
var wikiSigns = strings.NewReplacer(`\`, "&#92;", "{", `\{`, "}", `\}`, "[", `\[`, "]", `\]`, "*", `\*`, "_", `\_`, "-", `\-`, "+", `\+`,
	"^", `\^`, "~", `\~`, "?", `\?`, "!", `\!`, "|", `\|`, "#", `\#`, "@", `\@`)

func escapeWiki(s string) string {
	words := strings.Fields(s)
	for n, word := range words {
		if link := page(word); link != "" && !strings.ContainsAny(word, "|{}[]!\\\n") {
			continue
		}
		words[n] = wikiSigns.Replace(word)
	}
	return strings.Join(words, " ")
}

// document is the text for Jira Cloud: the Atlassian Document Format, in which text is
// text. An address is marked as a link.
func (i Issue) document() map[string]any {
	var content []any
	for _, p := range append(append([]string(nil), i.Text...), i.signature()) {
		if nodes := textNodes(cut(p, textMost)); len(nodes) > 0 {
			content = append(content, map[string]any{"type": "paragraph", "content": nodes})
		}
	}
	return map[string]any{"type": "doc", "version": 1, "content": content}
}

// textNodes are a paragraph's text and the links in it. There is no empty text node.
func textNodes(s string) []any {
	var nodes []any
	plain := ""
	flush := func() {
		if plain != "" {
			nodes = append(nodes, map[string]any{"type": "text", "text": plain})
		}
		plain = ""
	}
	for n, word := range strings.Fields(s) {
		if n > 0 {
			plain += " "
		}
		if page(word) == "" {
			plain += word
			continue
		}
		flush()
		link := map[string]any{"type": "link", "attrs": map[string]any{"href": word}}
		nodes = append(nodes, map[string]any{"type": "text", "text": word, "marks": []any{link}})
	}
	flush()
	return nodes
}
