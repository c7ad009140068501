package bot

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// TestResolveSeveral resolves after a storm what is ticked in the form of the list, each
// by itself, and says which were refused. A private incident is not in the form of those
// who may not see it.
func TestResolveSeveral(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		for n := 1; n <= 23; n++ {
			r.declare(n, "")
		}
		r.command("eve", "general", "declare keys leaked private")
		r.pass(30 * time.Second)
		r.click("ada", r.command("ada", "general", "list"), "several", nil)
		v := r.view("U0ADA")
		if !strings.Contains(string(v.Blocks), `"boxes_2"`) || strings.Contains(string(v.Blocks), `"boxes_3"`) {
			t.Errorf("the form has other groups than three: %s", v.Blocks)
		}
		r.command("bob", "general", "resolve INC-3 it was nothing")
		if result := r.submit("ada", v, nil); result.Closed {
			t.Errorf("Submit() with nothing ticked closes the form")
		}
		result := r.submit("ada", v, map[string]map[string]any{"boxes_0": {"value": []string{"INC-23", "INC-22"}}, "boxes_2": {"value": []string{"INC-3"}}, "text": {"value": "the provider is back"}})
		if !result.Closed {
			t.Fatalf("Submit() = %+v, want closed", result)
		}
		r.pass(30 * time.Second)
		for n, want := range map[int]incident.Status{23: incident.Resolved, 22: incident.Resolved, 21: incident.Declared, 3: incident.Resolved} {
			i, events := r.fold(n)
			if i.Status != want || countOf(events, incident.KindResolved) > 1 {
				t.Errorf("INC-%d is %s, want %s", n, i.Status, want)
			}
			if n > 21 && !strings.Contains(fmt.Sprint(said(events)), "the provider is back") {
				t.Errorf("INC-%d does not say what was done", n)
			}
		}
		if told := r.whispers("ada"); !strings.Contains(told, "Resolved: 2 of 3.") || !strings.Contains(told, "INC-3 is already resolved") {
			t.Errorf("ada was told %s", told)
		}
		r.click("bob", r.command("bob", "general", "list"), "several", nil)
		if v := r.view("U0BOB"); strings.Contains(string(v.Blocks), "keys leaked") && !strings.Contains(fmt.Sprint(r.dm("U0BOB")), "keys leaked") {
			t.Errorf("a private incident is in the form: %s", v.Blocks)
		}
	})
}

// TestResolveSeveralOfMany offers what is open of a list that has much that is over: all of it, and says of
// none that it does not fit.
func TestResolveSeveralOfMany(t *testing.T) {
	t.Parallel()
	exhaustive(t)
	inBubble(t, slacksim.Options{}, func(r *rig) {
		for n := 1; n <= 106; n++ {
			r.declare(n, "")
			if n > 2 && n < 105 {
				r.command("ada", "general", fmt.Sprintf("resolve INC-%d it was nothing", n))
			}
		}
		r.pass(30 * time.Second)
		r.click("ada", r.command("ada", "general", "list all"), "several", nil)
		v := r.view("U0ADA")
		for _, name := range []string{"INC-1 ", "INC-2 ", "INC-105 ", "INC-106 "} {
			if !strings.Contains(string(v.Blocks), name) {
				t.Errorf("%s is not in the form: %s", name, v.Blocks)
			}
		}
		if strings.Contains(string(v.Blocks), "do not fit") {
			t.Errorf("the form of four has no room for some: %s", v.Blocks)
		}
	})
}

// TestCloseSeveral closes after a storm what is chosen of a list that says what is missing:
// what is ready is ticked, the rest is closed where somebody says for which reason.
func TestCloseSeveral(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		for n := 1; n <= 5; n++ {
			r.command("eve", "general", fmt.Sprintf("declare thing %d fails sev%d", n, []int{3, 3, 1, 3, 3}[n-1]))
			r.pass(2 * time.Second)
		}
		r.command("eve", "general", "declare keys leaked private")
		r.pass(20 * time.Second)
		r.command("ada", "general", "ack INC-1 INC-2 INC-3 INC-4")
		r.command("ada", "general", "resolve INC-1, INC-2 and INC-3 the provider is back")
		r.pass(20 * time.Second)
		r.command("ada", "general", "close INC-1, INC-2, INC-3, INC-4 and INC-6 a storm")
		r.pass(10 * time.Second)
		v := r.view("U0ADA")
		text := string(v.Blocks)
		if v.CallbackID != "close_several" || !strings.Contains(text, "INC-4 is still") || strings.Contains(text, "keys leaked") || strings.Contains(text, `"value":"INC-6"`) || !strings.Contains(text, "nobody writes the post-mortem") {
			t.Fatalf("the form: %s", text)
		}
		for n := 1; n <= 3; n++ {
			if i, _ := r.fold(n); i.Status != incident.Resolved {
				t.Errorf("INC-%d is %s before anything was confirmed", n, i.Status)
			}
		}
		if result := r.submit("ada", v, map[string]map[string]any{"boxes_0": {"value": []string{"INC-1", "INC-3"}}, "text": {"value": "a storm"}}); !result.Closed {
			t.Fatalf("Submit() = %+v, want closed", result)
		}
		r.pass(20 * time.Second)
		if told := r.whispers("ada"); !strings.Contains(told, "Closed: 1 of 2.") || !strings.Contains(told, "INC-3 is not ready to be closed") {
			t.Errorf("ada was told %s", told)
		}
		r.command("ada", "general", "close INC-2 INC-3")
		r.pass(10 * time.Second)
		r.submit("ada", r.view("U0ADA"), map[string]map[string]any{"boxes_0": {"value": []string{"INC-2", "INC-3"}}, "anyway": {"value": "the review has the rest"}})
		r.pass(20 * time.Second)
		for n, want := range map[int]incident.Status{1: incident.Closed, 2: incident.Closed, 3: incident.Closed, 4: incident.Investigating} {
			if i, events := r.fold(n); i.Status != want || countOf(events, incident.KindClosed) > 1 {
				t.Errorf("INC-%d is %s, want %s", n, i.Status, want)
			}
		}
		if _, events := r.fold(2); strings.Contains(fmt.Sprint(said(events)), "anyway") {
			t.Errorf("of INC-2 nothing was missing, and it was closed anyway: %v", said(events))
		}
		seen := r.command("ada", "general", "close INC-1 INC-4")
		r.pass(5 * time.Second)
		if told := seen.Text + r.whispers("ada"); !strings.Contains(told, "INC-1 is already closed") {
			t.Errorf("of what cannot be closed ada was told %s", told)
		}
	})
}

// TestResolveThenCloseSeveral offers to close what was resolved together.
func TestResolveThenCloseSeveral(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		for n := 1; n <= 3; n++ {
			r.declare(n, "sev3")
		}
		r.pass(10 * time.Second)
		r.click("ada", r.command("ada", "general", "list"), "several", nil)
		r.submit("ada", r.view("U0ADA"), map[string]map[string]any{"boxes_0": {"value": []string{"INC-1", "INC-2"}}, "text": {"value": "it was the provider"}})
		r.pass(20 * time.Second)
		if told := r.lastWhisper("ada"); !strings.Contains(told, "Resolved: 2 of 2.") || !strings.Contains(told, `"close_several"`) || !strings.Contains(told, `"value":"1,2"`) {
			t.Errorf("ada was told %s, want an offer to close both", told)
		}
		if list := r.command("ada", "general", "list all"); !strings.Contains(string(list.Blocks), "close_several") {
			t.Errorf("the list does not offer it: %+v", list)
		}
	})
}

// TestSeveralAreStoredBeforeTheFormCloses: when the form that resolves or closes several has
// closed, all of it is in the store, whatever happens to the bot from then on.
func TestSeveralAreStoredBeforeTheFormCloses(t *testing.T) {
	t.Parallel()
	store := &slow{}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{})
		r.wrap = store.over
		defer r.close()
		r.start()
		for n := 1; n <= 3; n++ {
			r.command("eve", "general", fmt.Sprintf("declare thing %d fails sev3", n))
			r.pass(2 * time.Second)
		}
		r.command("ada", "general", "ack INC-1 INC-2 INC-3")
		r.pass(20 * time.Second)
		names := map[string]map[string]any{"boxes_0": {"value": []string{"INC-1", "INC-2", "INC-3"}}}
		for _, tt := range []struct {
			open func()
			want incident.Status
		}{
			{func() { r.click("ada", r.command("ada", "general", "list"), "several", nil) }, incident.Resolved},
			{func() { r.command("ada", "general", "close INC-1 INC-2 INC-3") }, incident.Closed},
		} {
			tt.open()
			v := r.view("U0ADA")
			r.pass(time.Minute)
			store.delay.Store(int64(300 * time.Millisecond))
			result, err := r.sim.As("ada").Submit(v.ID, names)
			if err != nil || !result.Closed {
				t.Fatalf("Submit() = %+v, %v", result, err)
			}
			for n := 1; n <= 3; n++ {
				if i, _ := r.fold(n); i.Status != tt.want {
					t.Errorf("the form has closed and INC-%d is %s, want %s", n, i.Status, tt.want)
				}
			}
			store.delay.Store(0)
			r.pass(time.Minute)
		}
	})
}
