package bot

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
)

// evilText is what somebody outside would have the bot say: it calls everybody, a group and
// a person, shows one address as another, and turns the reading direction.
const evilText = "<!channel> <!here> <!subteam^S0PAY|@payments> <@U0EVE> <https://evil.example|status page> @everyone \u202egnp.exe"

// foreign are the traces of evilText that Slack would act on.
var foreign = []string{"<!channel", "<!here", "<!subteam^S0PAY", "<@U0EVE", "<https://evil.example|status", "\u202e"}

// evilRoster says evilText in everything that has a name.
var evilRoster = func() string {
	quoted, _ := json.Marshal(strings.ReplaceAll(evilText, "\u202e", "")) // which a roster refuses
	name := string(quoted)
	return strings.NewReplacer("Payments", name, "Error rate by provider", name, "Roll back the last release", name, "name: Checkout", "name: "+name, "name: Search", "name: "+name).Replace(rosterText)
}()

// TestForeignTextIsNoMarkup says the same bad text by every way that text can come in
// beside Slack, which escapes what people type: alerts, the desk as the command line and the
// addresses use it, and the roster. In nothing that the bot then says in Slack, shows at Home,
// or sets as a topic does Slack find a mention, a link or a mark that turns the text around.
func TestForeignTextIsNoMarkup(t *testing.T) {
	t.Parallel()
	inBubbleWith(t, evilRoster, func(r *rig) {
		ctx, at := r.t.Context(), func(person string) desk.Caller { return lineOf(person) }
		did := 0
		try := func(err error) { // what an act refuses is not said, so most must be taken
			if err == nil {
				did++
			}
		}
		do := func(n int, acts ...desk.Act) {
			for _, a := range acts {
				_, err := r.desk.Do(ctx, at("ada"), n, a)
				try(err)
				r.pass(20 * time.Second)
			}
		}
		a := anAlert("db-1", "checkout", alert.Sev1)
		a.Title, a.Summary, a.Source = evilText, evilText, evilText
		a.Labels = []alert.KV{{Key: evilText, Value: evilText}}
		a.Links = []alert.Link{{URL: "https://evil.example/|<!channel>", Text: evilText}}
		b := a
		b.Key = evilText
		r.takes(a, b)
		r.takes(itsEnd(b))
		r.pass(time.Minute)
		_, err := r.desk.Declare(ctx, at("ada"), incident.Declaration{Title: evilText, Details: evilText, Says: evilText, Function: evilText, Service: "search", Runbook: "https://evil.example/|<!here>"})
		try(err)
		r.pass(time.Minute)
		do(2, desk.Act{Verb: desk.Acknowledge}, desk.Act{Verb: desk.Note, Text: evilText}, desk.Act{Verb: desk.Note, Note: incident.Decision, Text: evilText},
			desk.Act{Verb: desk.Object, Text: evilText}, desk.Act{Verb: desk.Note, Note: incident.Update, Text: evilText}, desk.Act{Verb: desk.Publish, Text: evilText},
			desk.Act{Verb: desk.Rename, Text: evilText + " again"}, desk.Act{Verb: desk.SetSeverity, Severity: incident.Sev1, Text: evilText},
			desk.Act{Verb: desk.SetSeverity, Severity: incident.Sev2, Text: evilText}, desk.Act{Verb: desk.Reroute, Service: "checkout", Text: evilText},
			desk.Act{Verb: desk.SetImpact, Impact: desk.Impact{Function: evilText, Since: "00:00"}}, desk.Act{Verb: desk.Hide, Entry: 2, Text: evilText},
			desk.Act{Verb: desk.Mitigate, How: "workaround", Text: evilText, Undo: evilText}, desk.Act{Verb: desk.Investigate, Text: evilText},
			desk.Act{Verb: desk.Resolve, How: "rollback", Text: evilText})
		_, f, err := r.desk.OpenFollowUp(ctx, at("ada"), 2, incident.FollowUp{Title: evilText})
		try(err)
		_, _, err = r.desk.DoFollowUp(ctx, at("ada"), f.ID, desk.FollowUpAct{Verb: desk.DropTask, Text: evilText})
		try(err)
		do(2, desk.Act{Verb: desk.Reply, Question: "harder", Text: evilText}, desk.Act{Verb: desk.Reply, Question: "lucky", Text: evilText}, desk.Act{Verb: desk.Waive, Text: evilText},
			desk.Act{Verb: desk.Reopen, Text: evilText}, desk.Act{Verb: desk.Cancel, Text: evilText})
		for _, user := range []string{"ada", "eve"} {
			if _, err := r.sim.As(user).OpenHome(); err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{"list all", "show INC-2", "timeline INC-2", "postmortem INC-2", "followups", "search channel", "nonsense"} {
				r.command(user, "general", text)
			}
			r.oncall(user, "")
			r.oncall(user, "payments")
			r.oncall(user, "why INC-1")
		}
		r.pass(time.Hour)

		said := 0
		for where, text := range r.saysOfItself() {
			for _, mark := range foreign {
				if n := strings.Index(text, mark); n >= 0 {
					t.Errorf("%s holds %q: …%s…", where, mark, text[max(0, n-200):min(len(text), n+60)])
				}
			}
			said += strings.Count(text, "&lt;!channel")
		}
		if did < 20 || said < 50 {
			t.Errorf("%d acts were taken, and the text was said %d times: the test has shown little", did, said)
		}
		for _, c := range r.sim.Calls(0) {
			if c.Args["link_names"] != "" || c.Args["parse"] != "" {
				t.Errorf("%s asks Slack to make mentions of its text: %v", c.Method, c.Args)
			}
		}
	})
}

// saysOfItself is everything in the workspace that the bot has written, by its place.
func (r *rig) saysOfItself() map[string]string {
	st := r.sim.State()
	all := map[string]string{}
	plain := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\u202e`, "\u202e")
	add := func(where string, v any) {
		text, err := json.Marshal(v)
		if err != nil {
			r.t.Fatal(err)
		}
		all[where] = plain.Replace(string(text))
	}
	for _, c := range st.Channels {
		add("the topic of "+c.Name, []any{c.Topic, c.Purpose, c.Bookmarks, c.Name})
		for _, m := range c.Messages {
			if m.User == r.sim.BotUserID() {
				add(fmt.Sprintf("#%s %s", c.Name, m.TS), []any{m.Text, m.Blocks, m.Attachments})
			}
		}
	}
	for user, list := range st.Whispers {
		add("what "+user+" was told", list)
	}
	add("Home", st.Homes)
	add("forms", st.Views)
	add("groups", st.Groups)
	return all
}
