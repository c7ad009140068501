package postmortem

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	markup "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"github.com/stormbell/stormbell/incident"
)

// hostileTexts are what somebody can type, each bad in its own way: all of them stand in
// every field.
var hostileTexts = map[string]string{
	"html": "<script>alert(1)</script><img src=x onerror=alert(2)>\n\"><b>x</b>'\n</td></tr></table><h1>x\n</title></style><style>*{display:none}\n<svg onload=alert(3)>\n" +
		"<!-- x -->\n<!-- open\n<![CDATA[x]]>\n<?php x ?>\n<a href=\"//evil.example\">x</a>\n<iframe src=//evil.example>",
	"entities": "&amp;&lt;b&gt; &#60;script&#62; &#x3C; &copy &copy; &nbsp; &\n&lt;!channel&gt;",
	"headings": "# head\n## head ##\n####### seven\nunder\n===\nunder\n---\n\n=== \n#\n# {#id .class onclick=alert(1)}",
	"lists":    "- dash\n+ plus\n* star\n1. one\n2) two\n123456789. nine\n1234567890. ten\n- [ ] task\n- [x] done\n-\n+\n1.\n> quote\n>>> deep\n    code\n\tcode\n:   definition\n: definition",
	"breaks":   "* * *\n---\n___\n***\n- - -\n_ _ _\n+++\n---\ntitle: x\n---",
	"tables":   "| table | cell |\n|---|---|\na | b\n--- | ---\n:-: | -\n\\| | \\\\|\n`|`",
	"code":     "```\nfence\n```\n~~~js\n`code` ``x`` ` \n\\`x\\`\n<code>",
	"emphasis": "*i* _i_ **b** __b__ ***x*** ~s~ ~~s~~ ==m== ^u^ snake_case_word 2*3*4 \\*x\\* \\",
	"links": "[x](javascript:alert(1))\n[x]: http://evil.example/ \"t\"\n[x][x]\n[x]\n![](http://evil.example/x.png)\n<http://evil.example/x>\n<javascript:alert(1)>\n" +
		"http://evil.example/a_b*c*d\nhttps://evil.example/[x](y)<z>\nwww.evil.example WWW.evil.example\nmailto:a@evil.example a@evil.example\nftp://evil.example\nhttps://good.example/a?b=c&d=e\n" +
		"[^1]\n[^1]: note\nhttps://good.example\\\n(https://good.example/x)",
	"slack":     "<!channel> <!here> <!everyone>\n<@U0ADA> <#C0GEN|general> <!subteam^S1>\n<http://evil.example|https://good.example>\n<!date^0^{date}^http://evil.example|now>\n@channel @here #general :fire: :+1:",
	"templates": "{{.Title}} {{define \"text\"}}{{end}} {% raw %} ${x} $x^2$ $$y$$ %s %d%n {who} <% x %> #{x} [[x]]",
	"direction": "ab\u202egnp.exe\u202c \u2066x\u2069 \u2067x\u2069 \u200fx\u200e \u061cx\n\u202e\u202e\nmore \u2068x",
	"control":   "a\x00b\x01c\x07d\x1b[31me\x7ff\u0085g\vh\fi\tj\rk\r\nl\u2028m\u2029n",
	"nothing":   " \u00a0\u3000\t \n \n",
	"unseen":    "zero\u200bwidth\u200c\u200d\u2060\ufeff \u00ad\u034f \u3164 \u115f\u1160\uffa0 \u2800 \U000e0041\U000e007f",
	"broken":    "a\xff\xfe\xf0\x9f\xed\xa0\xbdb \ufffe\uffff \ufffd",
	"marks":     strings.Repeat("Z"+strings.Repeat("\u0350\u0351\u0352\u0353\u033f", 5), 5),
	"emoji":     strings.Repeat("👩‍👩‍👧‍👦🏳️‍🌈🇩🇪👍🏽", 10),
	"one word":  strings.Repeat("x", 700),
	"lines":     strings.Repeat("line\n", 30),
	"formulas":  "=1+1\n@SUM(A1)\n+1+1\n-1+1\n=HYPERLINK(\"http://evil.example\",\"x\")\n\t=1",
	"scripts":   "مرحبا بالعالم\nשלום עולם English באמצע\n支付服务不可用，因为证书已过期。\nบริการชำระเงินไม่พร้อมใช้งาน\nनमस्ते e\u0301 é ｆｕｌｌ　ｗｉｄｔｈ",
	"machine":   "postmortem: \\u0041 \\x41 ../../etc/passwd C:\\x\\ null NaN INC-3 INC-7-F1\n\\",
}

// TestHostileTexts puts every hostile text wherever a document has one, and reads what is
// made of it as a reader of Markdown, a browser and a program do: each says the same texts
// in the same places, and nothing of a text acts.
func TestHostileTexts(t *testing.T) {
	for name, typed := range hostileTexts {
		t.Run(name, func(t *testing.T) {
			i, events, ctx := short(t)
			roster(&ctx, typed)
			d := New(i, events, ctx)
			d.Title, d.Function, d.Hit = plain(typed), plain(typed), plain(typed)
			d.Timeline[0].Kind, d.Timeline[0].Text = incident.KindPublic, plain(typed)
			sound(t, "for the public", d.ForPublic())
			inTemplate(t, d.View())
			d.Sections = []Section{everyPart(plain(typed))}
			sound(t, "published", d.Publish(2, typed, time.Unix(1780000000, 0)))
		})
	}
}

// inTemplate reads what a template of somebody's own makes of a timeline.
func inTemplate(t *testing.T, v View) {
	t.Helper()
	form, err := ParseTemplate("# {{.Title.Line}}\n\n| {{.Function.Line}} | x |\n| --- | --- |\n\n{{range .Timeline}}- {{.Who}} {{.Text}}\n{{end}}")
	if err != nil {
		t.Fatal(err)
	}
	text, err := form.Execute(v)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"h1: " + oneLine(string(v.Title)), "th: " + oneLine(string(v.Function)), "th: x"}
	for _, e := range v.Timeline {
		for l := range strings.Lines(strings.TrimSpace(string(e.Who)) + " " + strings.TrimLeft(string(e.Text), " \n")) {
			if l = oneLine(l); l != "" {
				want = append(want, "li: "+l)
			}
		}
	}
	if diff := cmp.Diff(want, readPage(t, "a template", rendered(t, text))); diff != "" {
		t.Errorf("a template says something else (-want +got):\n%.3000s", diff)
	}
}

// TestHostileTextsInEveryField puts them into every field of every kind of event, too.
func TestHostileTextsInEveryField(t *testing.T) {
	for _, names := range [][]string{{"html", "slack", "direction", "headings"}, {"links", "tables", "control", "breaks"}, {"lists", "code", "broken", "marks"}, {"nothing"}} {
		typed := ""
		for _, name := range names {
			typed += hostileTexts[name] + "\n"
		}
		i, events, ctx := everyField(t, typed)
		roster(&ctx, typed)
		d := New(i, oneOfEach(events), ctx)
		sound(t, strings.Join(names, ", "), d)
		if n := len(answersIn(d)); n != 4 {
			t.Errorf("%d answers stand in it, want one to each of 4 questions", n)
		}
	}
}

// oneOfEach leaves one event of each kind, and of notes and answers all.
func oneOfEach(events []incident.Event) (list []incident.Event) {
	for _, e := range events {
		if e.Note == "" || e.Kind == incident.KindNote || e.Kind == incident.KindAnswered {
			e.Seq = len(list) + 1
			list = append(list, e)
		}
	}
	return list
}

// roster makes every text of the roster hostile, and those of what was like it.
func roster(ctx *Context, typed string) {
	ctx.Services["checkout"], ctx.Teams["checkout"] = typed, typed
	ctx.Alike = []Precedent{{Name: "INC-3", Title: typed, How: incident.Rollback, Text: typed}}
	ctx.Told = []string{typed, "#general"}
	a := *ctx.Agreement
	a.Words, a.Hours = typed, typed
	ctx.Agreement = &a
	for who, p := range ctx.People {
		p.Label = or(p.Label, "") + typed
		ctx.People[who] = p
	}
}

// everyPart is a section that has the text wherever a section has any.
func everyPart(s string) Section {
	asked := Question{Text: s, Hint: strings.TrimSpace(s), Asked: true}
	answered := Question{Text: s, Answers: []Answer{{Who: s, Text: s}, {Who: s, Text: s}}}
	return Section{Title: s, Lines: []string{s, s}, Table: &Table{Head: []string{s, s}, Rows: [][]string{{s, s}, {s, ""}}},
		List: []Item{{Lead: s, Text: s}, {Text: s}}, Questions: []Question{asked, answered, asked}}
}

func answersIn(d Document) (list []Answer) {
	for _, q := range d.Questions() {
		list = append(list, q.Answers...)
	}
	return list
}

// sound reads every form of a document.
func sound(t *testing.T, form string, d Document) {
	t.Helper()
	forms := renderings(t, d)
	want := saysInOrder(d)
	for rendering, page := range map[string]string{"Markdown": rendered(t, forms["markdown"]), "HTML": forms["html"]} {
		if diff := cmp.Diff(want, readPage(t, form+", "+rendering, page)); diff != "" {
			t.Errorf("%s, %s says something else (-want +got):\n%.3000s", form, rendering, diff)
		}
	}
	var v View
	if err := json.Unmarshal([]byte(forms["json"]), &v); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(each(d.Sections, sectionView), v.Sections); diff != "" {
		t.Errorf("%s, JSON says something else (-want +got):\n%.3000s", form, diff)
	}
	drawing(t, form, d.StripSVG())
	brief(t, form, d.Summary())
	for rendering, text := range forms {
		if bad := strings.IndexFunc(text, unseemly); bad >= 0 || !utf8.ValidString(text) {
			t.Errorf("%s, %s has what must never reach a reader: %q", form, rendering, text[max(0, bad-20):min(len(text), bad+20)])
		}
	}
}

// brief holds the short form to its limits.
func brief(t *testing.T, form string, short []Section) {
	t.Helper()
	const more = len("and 99 more in the document")
	all := 0
	for _, s := range short {
		all += weight(s.Title)
		for _, l := range s.Lines {
			all += weight(l)
			if strings.Contains(l, "\n") || weight(l) > maxSummaryLine {
				t.Errorf("%s: a line of the short form is none: %.100q", form, l)
			}
		}
		if len(s.Lines) > maxSummaryLines+1 {
			t.Errorf("%s: the short form has %d lines in %s", form, len(s.Lines), s.Title)
		}
	}
	if len(short) > 8 || all > maxSummaryAll+8*more {
		t.Errorf("%s: the short form has %d sections and %d characters", form, len(short), all)
	}
}

// unseemly reports whether a character acts by itself.
func unseemly(r rune) bool {
	return r != '\n' && unicode.IsControl(r) || r >= '\u2028' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' || strings.ContainsRune("\u200E\u200F\u061C\uFEFF", r)
}

// saysInOrder is what a document says, each line with the element that it stands in.
func saysInOrder(d Document) (list []string) {
	add := func(element, text string) {
		for l := range strings.Lines(text) {
			if l = oneLine(l); l != "" {
				list = append(list, element+": "+l)
			}
		}
	}
	cell := func(element, text string) { list = append(list, element+": "+oneLine(text)) }
	cell("h1", d.Name+": "+d.Title)
	for _, s := range d.Sections {
		if s.Empty() {
			continue
		}
		cell("h2", s.Title)
		for _, l := range s.Lines {
			add("p", l)
		}
		if s.Table != nil {
			for _, c := range s.Table.Head {
				cell("th", c)
			}
			for _, c := range slices.Concat(s.Table.Rows...) {
				cell("td", c)
			}
		}
		for _, it := range s.List {
			first, rest, _ := strings.Cut(strings.TrimLeft(it.Text, " \n"), "\n")
			add("li", oneLine(it.Lead)+" "+first+"\n"+rest)
		}
		for _, q := range s.Questions {
			hint := ""
			if q.Hint != "" && len(q.Answers) == 0 {
				hint = " (" + oneLine(q.Hint) + ")"
			}
			add("p", oneLine(q.Text)+hint)
			if len(q.Answers) == 0 {
				add("p", q.Open())
			}
			for _, a := range q.Answers {
				add("p", a.Text)
				add("p", oneLine(a.Who))
			}
		}
	}
	return list
}

// oneLine is a text without the white space that pages fold, and without the joiner that
// keeps a name from being a mention.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\u2060", "")), " ")
}

// rendered is Markdown as a site shows it that reads all that sites read, and lets HTML pass.
func rendered(t *testing.T, text string) string {
	t.Helper()
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote, extension.DefinitionList),
		goldmark.WithParserOptions(parser.WithAttribute()), goldmark.WithRendererOptions(markup.WithUnsafe()))
	var b bytes.Buffer
	if err := md.Convert([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The elements and the attributes that documents have.
var (
	elements = strings.Fields("html head meta title style body h1 h2 figure section p table thead tbody tr th td ul li strong em span br div a " +
		"svg desc rect line text g circle path")
	attributes = strings.Fields("lang charset name content dir scope class href rel " +
		"xmlns role aria-labelledby viewbox viewBox width height id x y x1 x2 y1 y2 rx cx cy r d text-anchor")
	classes = strings.Fields("strip faint name mark answered waiting lost impact status role sev1 sev2 sev3 sev4 ground ask question short open long whole")
)

// readPage reads a page as a browser does, and returns what it says, each line with its element.
func readPage(t *testing.T, form, page string) (says []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	line := ""
	end := func(element string) {
		if line = oneLine(line); line != "" {
			says = append(says, element+": "+line)
		}
		line = ""
	}
	var walk func(n *html.Node, in string)
	walk = func(n *html.Node, in string) {
		switch n.Type {
		case html.CommentNode:
			t.Errorf("%s has a comment: %.60q", form, n.Data)
		case html.TextNode:
			line += n.Data
		case html.ElementNode:
			mine(t, form, n)
			switch n.Data {
			case "figure", "head":
				return
			case "br":
				end(in)
				return
			case "h1", "h2", "p", "th", "td", "li", "div":
				end(in)
				if in = n.Data; in == "div" {
					in = "p"
				}
				defer func() {
					if line = oneLine(line); line == "" && in != "p" && in != "li" {
						says = append(says, in+": ") // it stands there without a text
					}
					end(in)
				}()
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, in)
		}
	}
	walk(root, "")
	return says
}

// mine fails on an element that no template of ours has made.
func mine(t *testing.T, form string, n *html.Node) {
	t.Helper()
	if !slices.Contains(elements, n.Data) {
		t.Errorf("%s has an element %s: %v", form, n.Data, n.Attr)
	}
	for _, a := range n.Attr {
		switch {
		case !slices.Contains(attributes, a.Key):
			t.Errorf("%s: %s has an attribute %s=%.60q", form, n.Data, a.Key, a.Val)
		case a.Key == "class" && !slices.ContainsFunc(classes, func(c string) bool { return strings.TrimPrefix(strings.TrimPrefix(a.Val, "mark "), "ask ") == c }):
			t.Errorf("%s: %s is of the class %q", form, n.Data, a.Val)
		case a.Key == "href" && (!isAddress(a.Val) || n.FirstChild == nil || n.FirstChild.Data != a.Val):
			t.Errorf("%s: a link to %.100q that shows something else", form, a.Val)
		}
	}
}

// drawing reads a picture as XML, and fails on an element that is none of a picture's.
func drawing(t *testing.T, form, svg string) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Errorf("%s: the picture is no XML: %v", form, err)
			return
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		n := &html.Node{Data: start.Name.Local}
		for _, a := range start.Attr {
			n.Attr = append(n.Attr, html.Attribute{Key: a.Name.Local, Val: a.Value})
		}
		mine(t, form+", the picture", n)
	}
}
