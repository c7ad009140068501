package chat

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// The actions that show another part of a list in the place of the one that has them.
// The value is the number before which the part begins, 0 for the newest, and the words
// that chose the list.
const (
	actOlder  = "list_older"
	actNewest = "list_newest"
	actWiden  = "list_widen" // those that are over, too
)

// listRows is how many incidents a part of a list has: an answer of 20 KiB would be lost.
const listRows = 15

// wordMost is how many characters of a word that chooses a list count.
const wordMost = 100

// searchMost is how many characters of the words that are looked for count.
const searchMost = 200

// listFilter is what somebody asks to be listed.
type listFilter struct {
	query desk.Query
	words string // by which it is asked for again
	title string // in words
}

// The statuses of incidents that are over.
var overStatuses = []incident.Status{incident.Resolved, incident.Closed, incident.Cancelled, incident.Merged}

// filterWords are the words after list, besides severities, statuses and services.
var filterWords = map[string]string{
	"all": "all", "everything": "all", "any": "all",
	"open": "open", "active": "open",
	"closed": "closed", "over": "closed", "ended": "closed", "past": "closed",
	"mine": "mine", "my": "mine", "me": "mine",
}

// readFilter understands what was typed after list, for who asks. A service may also be
// named by itself.
func readFilter(who incident.Actor, text string, service func(string) (id string, ok bool)) (listFilter, error) {
	f := listFilter{}
	q := &f.query
	closed, mine := false, false
	fields := strings.Fields(strings.ToLower(text))
	var words []string
	for k := 0; k < len(fields); k++ {
		fields[k] = plainPiece(fields[k], wordMost)
		word := strings.Trim(fields[k], trimmed)
		status, isStatus := incident.StatusWord(word)
		sev, doubt := severityFlag(word)
		named := strings.Trim(serviceID(fields[k]), trimmed)
		id, isService := service(word)
		switch {
		case word == "" || word == "incidents" || word == "incident":
			continue
		case filterWords[word] == "all":
			q.All, word = true, "all"
		case filterWords[word] == "open":
			continue // which is what is listed anyway
		case filterWords[word] == "closed":
			closed, word = true, "closed"
		case filterWords[word] == "mine":
			mine, word = true, "mine"
		case sev > 0 && doubt == "":
			q.Severities, word = append(q.Severities, sev), sev.String()
		case isStatus:
			q.Statuses, word = append(q.Statuses, status), string(status)
		case named != word && named != "":
			q.Service, word = named, "service:"+named
		case (word == "service" || word == "services") && k+1 < len(fields):
			k++
			q.Service = strings.Trim(fields[k], trimmed)
			word = "service:" + q.Service
		case isService:
			q.Service, word = id, "service:"+id
		default:
			return f, noFilter(word)
		}
		if strings.HasPrefix(word, "service:") { // the last one holds
			words = slices.DeleteFunc(words, func(w string) bool { return strings.HasPrefix(w, "service:") })
		}
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	if mine {
		q.Concerns = who
	}
	if closed {
		q.Statuses = append(q.Statuses, overStatuses...)
	}
	f.words = strings.Join(words, " ")
	f.title = f.inWords(closed, mine)
	return f, nil
}

// noFilter refuses a word that chooses nothing.
func noFilter(word string) error {
	next := "Use all, closed, mine, sev1 to sev4, a status or service:ID. To look for words: search " + short(word, 60) + "."
	if near := incident.Nearest(word, []string{"all", "open", "closed", "mine", "sev1", "sev2", "sev3", "sev4", "resolved", "mitigated", "cancelled"}); near != "" {
		next = "Did you mean " + near + "?"
	}
	return refuse(next, "No list is called "+short(word, 60)+".")
}

// inWords says what is listed.
func (f listFilter) inWords(closed, mine bool) string {
	q := f.query
	title := "Open incidents"
	switch {
	case closed:
		title = "Incidents that are over"
	case len(q.Statuses) > 0:
		var list []string
		for _, s := range q.Statuses {
			list = append(list, string(s))
		}
		title = "Incidents that are " + strings.Join(list, " or ")
	case q.All:
		title = "All incidents"
	}
	if mine {
		title += " that concern you"
	}
	if len(q.Severities) > 0 {
		var list []string
		for _, s := range q.Severities {
			list = append(list, s.Mark()+" "+s.String())
		}
		title += ", " + strings.Join(list, " and ")
	}
	if q.Service != "" {
		title += ", service " + esc(q.Service)
	}
	return title
}

// list lists incidents, the newest first, from before a number on; 0 is the newest.
func (s *Slack) list(ctx context.Context, who incident.Actor, words string, before int) reply {
	f, err := readFilter(who, words, s.people.Current().FindService)
	if err != nil {
		return s.mistake(err, Command{Text: words, Typed: "list " + words})
	}
	return s.listed(ctx, who, f, before)
}

// search lists the incidents in which words occur, open or not.
func (s *Slack) search(ctx context.Context, who incident.Actor, words string, before int) reply {
	words = plainPiece(strings.Join(strings.Fields(incident.Printable(words)), " "), searchMost)
	if words == "" {
		return ephemeral("Say which words, as in `" + s.opt.Command + " search checkout card`: they may be in the title, the service, what the alert said, a note, a decision or a follow-up.")
	}
	return s.listed(ctx, who, searchFilter(words), before)
}

func searchFilter(words string) listFilter {
	return listFilter{query: desk.Query{All: true, Search: words}, words: "? " + words, title: "Incidents with “" + clip(esc(words), searchMost) + "”"}
}

func (s *Slack) listed(ctx context.Context, who incident.Actor, f listFilter, before int) reply {
	q := f.query
	q.Before, q.Limit, q.Shown = before, listRows, true
	found, err := s.desk.Search(ctx, who, q)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	m := listMessage(listView{filter: f, found: found, before: before, names: s.names(), command: s.opt.Command})
	return ephemeral(m.text, m.blocks...)
}

// turnedList shows the part of a list that a button leads to.
func (s *Slack) turnedList(ctx context.Context, c desk.Caller, value string) answer {
	number, words, _ := strings.Cut(value, " ")
	before, _ := strconv.Atoi(number) // 0 is the newest
	var r reply
	if search, ok := strings.CutPrefix(words, "? "); ok {
		r = s.search(ctx, c.Actor, search, before)
	} else {
		r = s.list(ctx, c.Actor, words, before)
	}
	r.Replaces = true
	return s.told(c, r)
}

// listView is a part of a list of incidents.
type listView struct {
	filter  listFilter
	found   desk.Found
	before  int
	names   names
	command string
}

// unread says whose notes could not be searched.
func (v listView) unread() []slack.Block {
	if len(v.found.Unread) == 0 {
		return nil
	}
	var names []string
	for _, n := range v.found.Unread {
		names = append(names, incident.Name(n))
	}
	return []slack.Block{contextLine("The notes of " + incident.FirstOf(names, 20) + " could not be searched: they lie in archive files that cannot be read.")}
}

// listMessage is a part of a list: never cut without a word about the rest, and a button
// that leads there.
func listMessage(v listView) message {
	f, list := v.filter, v.found.Incidents
	m := message{text: f.title}
	if len(list) == 0 {
		m.blocks = append([]slack.Block{section(v.none())}, v.unread()...)
		if alike := v.found.Alike; len(alike) > 0 {
			lines := []string{"*Most like it, of those that are over*"}
			for _, i := range alike {
				lines = append(lines, v.names.listLine(i))
			}
			m.blocks = append(m.blocks, sectionsOf(lines)...)
		}
		return v.turning(m)
	}
	count := fmt.Sprintf("%d", v.found.Total)
	if len(list) < v.found.Total {
		count = fmt.Sprintf("%d of %d", len(list), v.found.Total)
	}
	lines := []string{"*" + f.title + "* · " + count + ", the newest first"}
	for _, i := range list {
		lines = append(lines, v.names.listLine(i))
	}
	m.blocks = append(sectionsOf(lines), v.unread()...)
	m.blocks = append(m.blocks, contextLine("`"+v.command+" show "+list[0].Name()+"` shows one of them."))
	return v.turning(m)
}

// none says that nothing is listed, and where nothing was looked for.
func (v listView) none() string {
	f := v.filter
	switch {
	case v.found.Total > 0:
		return "*" + f.title + "*\nThere are no older ones."
	case f.query.Search != "":
		return f.title + ": there are none. Every word must occur in the title, the service, what the alert said, a note, a decision or a follow-up; fewer words find more."
	case f.words == "":
		return "No incident is open. To open one: `" + v.command + " declare` and a few words."
	default:
		return f.title + ": there are none."
	}
}

// turning adds the buttons that lead to the rest.
func (v listView) turning(m message) message {
	var elements []slack.BlockElement
	if v.found.More {
		last := v.found.Incidents[len(v.found.Incidents)-1]
		elements = append(elements, button(actOlder, strconv.Itoa(last.Number)+" "+v.filter.words, "Older ones", ""))
	}
	if v.before > 0 {
		elements = append(elements, button(actNewest, "0 "+v.filter.words, "The newest", ""))
	}
	if q := v.filter.query; !q.All && len(q.Statuses) == 0 {
		elements = append(elements, button(actWiden, strings.TrimSpace("0 all "+v.filter.words), "Those that are over, too", ""))
	}
	if open := severalButton(v.found.Incidents); len(open) > 0 {
		elements = append(elements, button(actSeveral, "w "+v.filter.words, "Resolve several", ""))
	}
	elements = append(elements, closeSeveralButton(v.found.Incidents)...)
	if len(elements) > 0 {
		m.blocks = append(m.blocks, slack.NewActionBlock("list", elements...))
	}
	return m
}

// listLine is an incident in a line of a list.
func (n names) listLine(i incident.Incident) string {
	where := ""
	if i.Channel != "" && i.Status.Active() {
		where = " <#" + i.Channel + ">"
	}
	return fmt.Sprintf("%s%s *%s* · %s · %s · %s%s (%s; declared %s)", drillMark(i), i.Marks(), i.Name(), i.Severity, i.Status,
		clip(esc(i.Title), 150), where, n.stands(i)+relatedShort(i), at(i.Declared))
}

// relatedShort names in a list what has to do with an incident.
func relatedShort(i incident.Incident) string {
	if names := i.RelatedNames(); names != "" {
		return "; related to " + names
	}
	return ""
}

// stands says of an incident in a list who is on it, or what became of it.
func (n names) stands(i incident.Incident) string {
	switch {
	case i.Status == incident.Merged:
		return "part of " + i.Whole()
	case i.Status == incident.Cancelled && i.Outcome != "":
		return i.Outcome.Words()
	case i.Status == incident.Cancelled:
		return "it was no incident"
	case !i.Status.Active() && i.Resolved.IsZero():
		return "over"
	case !i.Status.Active():
		return "resolved after " + long(i.Resolved.Sub(i.Declared))
	case i.AcknowledgedBy == "":
		return "nobody is on it yet"
	case i.Asking:
		return n.who(i.AcknowledgedBy) + ", people are being paged again"
	default:
		return n.who(i.AcknowledgedBy)
	}
}

// worstFirst puts what needs somebody most at the top: by severity, then what nobody is
// on, then what has lasted longest.
func worstFirst(list []incident.Incident) []incident.Incident {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b incident.Incident) int {
		if a.Rank() != b.Rank() {
			return a.Rank() - b.Rank()
		}
		return a.Number - b.Number
	})
	return list
}
