package chat

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
)

// GuideURL is the page of the documentation about how an incident goes.
const GuideURL = "https://github.com/stormbell/stormbell/blob/main/docs/incidents.md"

// help says what can be done here.
func (s *Slack) help(first string) reply {
	blocks := []slack.Block{section(strings.TrimSpace(first + "\n*What can be done here*"))}
	blocks = append(blocks, helpBlocks(s.opt.Command, IncidentHelp())...)
	where := "In an incident's channel they act on it; anywhere else put its name after the word, as in `" + s.opt.Command + " ack INC-1`. " +
		"`" + s.opt.OncallCommand + " help` says what can be done about on call. How an incident goes from its declaration to its end: <" + GuideURL + "|the guide to incidents>."
	return ephemeral("What can be done here: declare, ack, mitigate, resolve, note, timeline, list, show, help",
		append(blocks, contextLine(where), helpButtons())...)
}

func helpButtons() slack.Block {
	return slack.NewActionBlock("help", button(actDeclare, "", "Declare an incident", slack.StyleDanger),
		button(actList, "", "Open incidents", ""), button(actOncall, "", "Who is on call", ""))
}

// helpWith is the help about one word, or the title of a group; all of it where nothing
// is about that.
func (s *Slack) helpWith(word string) reply {
	word, _ = cut(word)
	word = strings.Trim(strings.ToLower(word), trimmed)
	if word == "" {
		return s.help("")
	}
	verb := cmp.Or(words[word], words[incident.Nearest(word, vocabulary)], word)
	var lines []Help
	for _, g := range IncidentHelp() {
		for _, h := range g.Lines {
			if h.Word() == verb || strings.EqualFold(g.Title, word) {
				lines = append(lines, h)
			}
		}
	}
	if len(lines) == 0 {
		return s.help("") // "help me"
	}
	blocks := helpBlocks(s.opt.Command, []HelpGroup{{"", lines}})
	if also := alsoUnderstood(verb); also != "" {
		blocks = append(blocks, contextLine("Also understood: "+also+"."))
	}
	return ephemeral("What `"+verb+"` does", append(blocks, contextLine("`"+s.opt.Command+" help` shows everything."))...)
}

func alsoUnderstood(verb string) string {
	for _, v := range verbs {
		if v.verb == verb && len(v.means) > 0 {
			return "`" + strings.Join(v.means, "`, `") + "`"
		}
	}
	return ""
}

// briefHelp is what stands below the answer to a word that is not understood: on a phone,
// all of the help would push that answer out of sight.
func (s *Slack) briefHelp() []slack.Block {
	const most = "Most used: `declare`, `ack`, `note TEXT`, `update TEXT`, `page @ada`, `mitigate`, `resolve`. "
	return []slack.Block{contextLine(most + "`" + s.opt.Command + " help` shows everything that can be done here."), helpButtons()}
}

func (s *Slack) show(ctx context.Context, who incident.Actor, n int) reply {
	b, a, err := s.looked(ctx, who, n)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	m := cardMessage(b, a, s.names())
	events, err := s.desk.Noted(ctx, n)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	if text := s.names().open(b, incident.Open(incident.Entries(events))); text != "" {
		m.blocks = append(m.blocks, contextLine(text))
	}
	if b.Artifacts.Channel != "" {
		m.blocks = append(m.blocks, contextLine("<#"+b.Artifacts.Channel+">"))
	}
	return ephemeral(m.text, m.blocks...)
}

func (s *Slack) postmortem(ctx context.Context, who incident.Actor, n int) reply {
	return s.document(ctx, who, n, s.desk.Postmortem)
}

// document is the document in short, with what can be done to it.
func (s *Slack) document(ctx context.Context, who incident.Actor, n int, read func(context.Context, incident.Actor, int, *time.Location) (postmortem.Document, error)) reply {
	d, err := read(ctx, who, n, s.opt.Zone)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	i, _, err := s.desk.Timeline(ctx, who, n)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	m := postmortemMessage(i, d)
	whole := contextLine("This is the short form. `stormbell postmortem " + i.Name() + "` prints the whole document.")
	return ephemeral(m.text, append(append(m.blocks, whole), row(i, reviewButtons(i)...)...)...)
}
