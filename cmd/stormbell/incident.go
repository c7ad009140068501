package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/chat"
	"github.com/stormbell/stormbell/incident"
)

func incidentCommand(p process) *cobra.Command {
	members := []*cobra.Command{listCommand(p), showCommand(p), declareCommand(p), timelineCommand(p), filesCommand(p), impactCommand(p)}
	for _, d := range deeds {
		members = append(members, deedCommand(p, d))
	}
	cmd := groupCommand("incident", "Work on incidents without Slack", members...)
	cmd.Long = cmd.Short + ". How an incident goes from its declaration to its end:\n" + chat.GuideURL
	return cmd
}

// shownIncident is what the commands read of an incident in an answer.
type shownIncident struct {
	Name           string              `json:"name"`
	Title          string              `json:"title"`
	Severity       string              `json:"severity"`
	Status         incident.Status     `json:"status"`
	Service        string              `json:"service"`
	Private        bool                `json:"private"`
	Test           bool                `json:"test"`
	DeclaredBy     incident.Actor      `json:"declared_by"`
	Declared       time.Time           `json:"declared"`
	AcknowledgedBy incident.Actor      `json:"acknowledged_by"`
	Since          time.Time           `json:"since"`  // since when AcknowledgedBy is on it
	Asking         bool                `json:"asking"` // people are paged all the same
	ChannelName    string              `json:"channel_name"`
	Roles          []incident.Holding  `json:"roles"`
	FollowUps      []incident.FollowUp `json:"follow_ups"`
	Outcome        incident.Outcome    `json:"outcome"`
	Related        []int               `json:"related"`
}

// stands is the status, and what it turned out to be where that has a word.
func (i shownIncident) stands() string {
	if i.Outcome == "" {
		return string(i.Status)
	}
	return string(i.Status) + " (" + i.Outcome.Words() + ")"
}

// related names the incidents that have to do with it.
func (i shownIncident) related() string { return incident.Incident{Related: i.Related}.RelatedNames() }

// line is the incident in one line.
func (i shownIncident) line() string {
	return fmt.Sprintf("%s %s %s: %s", i.Name, i.Severity, i.stands(), i.Title)
}

// write prints an answer: as it came, or as words does.
func (f *operatorFlags) write(w io.Writer, answer []byte, words func() error) error {
	if !f.json {
		return words()
	}
	_, err := fmt.Fprintln(w, strings.TrimSpace(string(answer)))
	return err
}

// read reads an answer of the bot into out.
func read(answer []byte, out any) error {
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the bot's answer is of another version of Stormbell: %v", err)
	}
	return nil
}

// incidentName reads the INC-N of a command.
func incidentName(cmd *cobra.Command, word string) (string, error) {
	n, ok := incident.ParseName(word)
	if !ok {
		return "", wrong(cmd, fmt.Sprintf("%q is not the name of an incident, which is INC-N", word))
	}
	return incident.Name(n), nil
}
