package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// TestRosterScripts runs the commands about the roster, on a running bot and on
// the store of one that does not run. Besides the commands of
// TestOperatorScripts the scripts have:
//
//	store [ROSTER]   a closed store and a configuration for it, without a bot
//	held             somebody else has that store open
func TestRosterScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/roster",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"bot": scriptBot, "exits": scriptExits, "store": scriptStore, "held": scriptHeld,
		},
	})
}

func scriptStore(ts *testscript.TestScript, _ bool, args []string) {
	engine, err := bolt.Open(ts.MkAbs("offline.db"), bolt.Options{})
	ts.Check(err)
	db := storage.New(engine)
	_, people, err := openParts(context.Background(), db, desk.Options{})
	ts.Check(err)
	if len(args) > 0 {
		roster, err := rotation.Parse(args[0], []byte(ts.ReadFile(args[0])))
		ts.Check(err)
		ts.Check(people.ApplyRoster(context.Background(), roster, incident.Bot, "the first roster"))
	}
	ts.Check(db.Close())
	text := "http: {listen: \"127.0.0.1:9\"}\nstore: bolt:" + ts.MkAbs("offline.db") + "\n"
	ts.Check(os.WriteFile(ts.MkAbs("offline.yaml"), []byte(text), 0o600))
}

func scriptHeld(ts *testscript.TestScript, _ bool, _ []string) {
	engine, err := bolt.Open(ts.MkAbs("offline.db"), bolt.Options{})
	ts.Check(err)
	ts.Defer(func() { engine.Close() })
}
