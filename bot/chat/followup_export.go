package chat

import (
	"context"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// actFollowUpExport opens a follow-up at a tracker; the value is the follow-up's name and
// the tracker's. The number of the button follows, since each in a row has its own.
const actFollowUpExport = "followup_export"

// trackersMost is how many trackers are offered for one follow-up.
const trackersMost = 4

// exportButtons offer to open a follow-up where the issues of its team are.
func (v followUpView) exportButtons(f desk.ListedFollowUp) []slack.BlockElement {
	if v.goes == nil || f.Export != (incident.Export{}) || !f.Open() {
		return nil
	}
	var row []slack.BlockElement
	places := v.goes(f.Team)
	for n, t := range places[:min(len(places), trackersMost)] {
		label := "Open in " + t.Provider
		if len(places) > 1 {
			label += " (" + t.Name + ")"
		}
		b := button(fmt.Sprintf("%s_%d", actFollowUpExport, n), f.ID+" "+t.Name, clip(label, 75), "")
		if f.Incident.Private {
			b.Confirm = slack.NewConfirmationBlockObject(plainText("Show its title there?"),
				plainText("The incident is private. The issue in "+t.Provider+" has this title and no other word: "+clip(f.Title, 150)),
				plainText("Open it"), plainText("Cancel"))
		}
		row = append(row, b)
	}
	return row
}

// exportLine says where a follow-up is worked on; empty where it is nowhere else.
func exportLine(f incident.FollowUp) string {
	e := f.Export
	switch {
	case e == (incident.Export{}):
		return ""
	case e.URL == "":
		return "In " + esc(e.Provider) + ": " + clip(esc(e.Key), 200)
	default:
		return "In " + esc(e.Provider) + ": " + "<" + inLink.Replace(incident.Printable(e.URL)) + "|" + clip(strings.ReplaceAll(esc(e.Key), "|", "/"), 200) + ">"
	}
}

// pressedExport opens a follow-up at the tracker of the button.
func (s *Slack) pressedExport(ctx context.Context, c desk.Caller, value string) answer {
	id, tracker, _ := strings.Cut(value, " ")
	return s.told(c, s.exported(ctx, c, id, tracker))
}

// exportCommand opens a follow-up at the tracker that is named, or at the first one of
// its team.
func (s *Slack) exportCommand(ctx context.Context, c desk.Caller, cmd Command, channel string) reply {
	id, err := s.fullName(ctx, cmd, channel)
	if err != nil {
		return s.mistake(err, cmd)
	}
	tracker := strings.Trim(strings.TrimPrefix(strings.TrimSpace(cmd.Text), "to "), trimmed)
	return s.exported(ctx, c, id, tracker)
}

func (s *Slack) exported(ctx context.Context, c desk.Caller, id, tracker string) reply {
	a, err := s.desk.Export(ctx, c, id, tracker)
	switch {
	case err != nil:
		return ephemeral(s.trouble(err))
	case len(a.Notes) == 0:
		return ephemeral(id + " is being opened already.") // the same click, twice
	}
	return ephemeral(esc(a.Notes[0]))
}
