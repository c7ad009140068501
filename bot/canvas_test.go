package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// canvasOf is the canvas of a channel; nil: it has none.
func (r *rig) canvasOf(room string) *slacksim.Canvas {
	for _, c := range r.sim.State().Canvases {
		if c.Channel == room {
			return &c
		}
	}
	return nil
}

// publishedIn is a channel whose incident has its post-mortem published.
func (r *rig) publishedIn(typed string) (room string) {
	r.t.Helper()
	r.command("eve", "general", "declare "+typed)
	r.pass(20 * time.Second)
	room = r.incidentChannel(1)
	for _, t := range []string{"ack", "note where: ada's release emptied the pool", "resolve rollback",
		"postmortem answer cause Okafor's certificate had changed.", "no-follow-ups the certificate is renewed by itself now"} {
		r.command("eve", room, t)
		r.pass(2 * time.Second)
	}
	if got := r.command("eve", room, "postmortem publish"); !strings.Contains(got.Text, "Published: version 1") {
		r.t.Fatalf("publish: %s", got.Text)
	}
	r.pass(30 * time.Second)
	return room
}

// TestCanvas: what is published stands on the canvas of the incident's channel, and so does
// each version after it; it names nobody, and that of a private incident is in its own
// channel only.
func TestCanvas(t *testing.T) {
	for _, typed := range []string{"search is slow sev4", "keys leaked sev4 private"} {
		t.Run(typed, func(t *testing.T) {
			inBubble(t, slacksim.Options{Manifest: manifest(t)}, func(r *rig) {
				room := r.publishedIn(typed)
				first := r.canvasOf(room)
				if first == nil || len(r.sim.State().Canvases) != 1 {
					t.Fatalf("canvases: %+v", r.sim.State().Canvases)
				}
				if low := strings.ToLower(first.Markdown); !strings.Contains(low, "certificate had changed") || strings.Contains(low, "ada") || strings.Contains(low, "okafor") {
					t.Errorf("the canvas says\n%s", first.Markdown)
				}
				r.stop()
				r.start()
				r.command("eve", room, "postmortem answer cause A certificate had run out.")
				r.command("eve", room, "postmortem publish the certificate had not changed")
				r.pass(30 * time.Second)
				second := r.canvasOf(room)
				if second == nil || second.ID != first.ID || !strings.Contains(second.Markdown, "certificate had run out") || !strings.Contains(second.Markdown, "ersion 2") {
					t.Errorf("of version 2 the canvas says %+v", second)
				}
				r.noErrors()
			})
		})
	}
}

// TestCanvasOfSomebodyElse: what people have on the channel's canvas stays.
func TestCanvasOfSomebodyElse(t *testing.T) {
	inBubble(t, slacksim.Options{Manifest: manifest(t)}, func(r *rig) {
		r.fault(slacksim.Fault{Method: "conversations.canvases.create", Error: "channel_canvas_already_exists"})
		room := r.publishedIn("search is slow sev4")
		if c := r.canvasOf(room); c != nil {
			t.Errorf("there is a canvas: %+v", c)
		}
		for _, m := range r.channelOf(room).Messages {
			if shows(m, "canvas") {
				t.Errorf("the channel is told of it: %s", m.Text)
			}
		}
		for _, c := range r.sim.Calls(0) {
			if c.Method == "canvases.edit" {
				t.Error("a canvas was written over")
			}
		}
		if _, events := r.fold(1); strings.Contains(said(events), "canvas") {
			t.Errorf("the timeline tells of it: %s", said(events))
		}
		if n := len(r.sim.State().Files); n == 0 {
			t.Error("the document itself is not there")
		}
	})
}

// TestCanvasWhoseAnswerIsLost: Slack makes the canvas, and nobody hears of it. It is found
// again by who made it, so that later versions reach it.
func TestCanvasWhoseAnswerIsLost(t *testing.T) {
	for name, fault := range map[string]slacksim.Fault{
		"the answer is cut off": {Method: "conversations.canvases.create", After: true, Times: 1},
		"for good":              {Method: "conversations.canvases.create", After: true},
		"an error of Slack's":   {Method: "conversations.canvases.create", After: true, Error: "internal_error", Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, slacksim.Options{Manifest: manifest(t)}, func(r *rig) {
				r.fault(fault)
				room := r.publishedIn("search is slow sev4")
				r.pass(10 * time.Minute)
				r.sim.ClearFaults()
				first := r.canvasOf(room)
				if first == nil {
					t.Fatal("there is no canvas")
				}
				r.command("eve", room, "postmortem answer cause A certificate had run out.")
				r.command("eve", room, "postmortem publish the certificate had not changed")
				r.pass(10 * time.Minute)
				if c := r.canvasOf(room); c == nil || c.ID != first.ID || !strings.Contains(c.Markdown, "ersion 2") || len(r.sim.State().Canvases) != 1 {
					t.Errorf("of version 2 the canvas says %+v", c)
				}
			})
		})
	}
}

// TestCanvasThatIsLocked: while somebody edits the canvas Slack refuses another edit, which
// is made once they are done.
func TestCanvasThatIsLocked(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{Manifest: manifest(t)}, func(r *rig) {
		room := r.publishedIn("search is slow sev4")
		r.fault(slacksim.Fault{Method: "canvases.edit", Error: "canvas_editing_locked", Times: 3})
		r.command("eve", room, "postmortem answer cause A certificate had run out.")
		r.command("eve", room, "postmortem publish the certificate had not changed")
		r.pass(10 * time.Minute)
		if c := r.canvasOf(room); c == nil || !strings.Contains(c.Markdown, "ersion 2") {
			t.Errorf("of version 2 the canvas says %+v", c)
		}
	})
}

// TestCanvasOfPeople: what people have written on the channel's canvas stays, and what they
// deleted comes with the next version.
func TestCanvasOfPeople(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{Manifest: manifest(t)}, func(r *rig) {
		room := r.publishedIn("search is slow sev4")
		publish := func(cause string) {
			r.command("eve", room, "postmortem answer cause "+cause)
			r.command("eve", room, "postmortem publish it was another one")
			r.pass(time.Minute)
		}
		if err := r.sim.As("eve").DeleteCanvas(room); err != nil {
			t.Fatal(err)
		}
		publish("A certificate had run out.")
		if c := r.canvasOf(room); c == nil || !strings.Contains(c.Markdown, "ersion 2") {
			t.Errorf("after it was deleted the canvas says %+v", c)
		}
		r.sim.As("eve").DeleteCanvas(room)
		if err := r.sim.As("eve").MakeCanvas(room, "Notes", "Ours."); err != nil {
			t.Fatal(err)
		}
		publish("A key had run out.")
		publish("A lease had run out.")
		if c := r.canvasOf(room); c == nil || c.Markdown != "Ours." {
			t.Errorf("the canvas of people says %+v", c)
		}
	})
}
