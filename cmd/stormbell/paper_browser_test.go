//go:build browser

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/bot/slacksim/page/pagetest"
	"github.com/stormbell/stormbell/incident/postmortem"
)

// marked names in the browser the beginnings and the ends of what must stay together, and
// links to each of them at the end of the document: of a place that a link leads to, the
// printed file says on which page it is. What is printed is not changed by that.
const marked = `
	const pairs = [], ids = [];
	const mark = (where, at) => {
		const span = document.createElement('span');
		span.id = 'mark' + ids.length;
		ids.push(span.id);
		at === 'end' ? where.append(span) : where.prepend(span);
		return span.id;
	};
	const text = (n) => n.querySelector('strong, p, li, td, th, span') ?? n;
	const together = (what, from, to) => pairs.push({ What: what + ': ' + from.textContent.slice(0, 60), From: mark(from), To: to });
	for (const q of $$('.ask')) if ($('p', q)) together('a question and its answer', text(q), mark($('p', q)));
	for (const s of $$('.short')) together('what is short', s, mark(s, 'end'));
	for (const h of $$('h2')) together('a heading and what it is about', h, mark(text(h.nextElementSibling)));
	for (const r of $$('tr')) together('a row', r.firstElementChild, mark(r.lastElementChild, 'end'));
	for (const t of $$('thead')) together('the head of a table and its first row', text(t), mark(text(t.nextElementSibling)));
	document.body.append(...ids.map((id) => Object.assign(document.createElement('a'), { href: '#' + id, textContent: '. ' })));
	return pairs;`

// place is where a printed file has a named place: the number of the object of its page.
var place = regexp.MustCompile(`/(mark\d+) \[(\d+) 0 R /XYZ`)

// paperInBrowser prints a long document: no question, heading or head of a table stands
// alone at the end of a page, and what is short is on one. The length of the first answer
// moves all that follows over the ends of the pages.
func paperInBrowser(t *testing.T, b *pagetest.Browser) {
	for first := range 3 {
		html := longDocument(first).HTML()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, html)
		}))
		t.Cleanup(server.Close)
		tab := b.Open(t, server.URL+"/", 800, 600)
		var pairs []struct{ What, From, To string }
		tab.Run(&pairs, marked)
		tab.Forgive() // there is no icon
		page := map[string]string{}
		for _, found := range place.FindAllStringSubmatch(string(tab.Print()), -1) {
			page[found[1]] = found[2]
		}
		pages := map[string]bool{}
		for _, p := range pairs {
			switch from, to := page[p.From], page[p.To]; {
			case from == "" || to == "":
				t.Fatalf("the printed file does not say where %s is: %q, %q", p.What, from, to)
			case from != to:
				t.Errorf("document %d: on two pages: %s", first, p.What)
			default:
				pages[from] = true
			}
		}
		if len(pages) < 10 || len(pairs) < 100 {
			t.Errorf("document %d has %d pages and %d places, want a long one", first, len(pages), len(pairs))
		}
	}
}

// longDocument has questions with answers of every length, a long table and a long list.
func longDocument(first int) postmortem.Document {
	const words = "the gateway of the second region took no new connections, and its queue grew: </div><h2>& |*_ "
	var ask postmortem.Section
	ask.Title = "Questions"
	for k := range 30 {
		length := 60 + 97*k%2900
		if k == 0 {
			length = 100 + 360*first
		}
		text := strings.Repeat(words, length/len(words)+1)[:length]
		if k%5 == 4 {
			text = strings.ReplaceAll(text, ", ", ",\n")
		}
		ask.Questions = append(ask.Questions, postmortem.Question{ID: fmt.Sprint(k), Text: fmt.Sprintf("Which conditions made it last as long as it did, number %d?", k),
			Answers: []postmortem.Answer{{Who: "Responder A", Text: text}, {Who: "Responder B", Text: "It was said above."}}[:1+k%2]})
	}
	d := postmortem.Document{Name: "INC-1", Title: "A long one", Sections: []postmortem.Section{ask}}
	for k := range 12 {
		s := postmortem.Section{Title: fmt.Sprintf("Part %d", k), Lines: []string{"One line."}, Table: &postmortem.Table{Head: []string{"When", "What"}}}
		for n := range 3 + k {
			s.Table.Rows = append(s.Table.Rows, []string{"09:30", strings.Repeat(words, 1+n%3)})
			s.List = append(s.List, postmortem.Item{Lead: "09:30", Text: strings.Repeat(words, 1+n%4)})
		}
		d.Sections = append(d.Sections, s)
	}
	return d
}
