package configs

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

// apiCall is a method of slack-go's client that the bot uses: which method of
// the Web API it calls, and which scopes that takes for what the bot does with
// it (Slack: method reference).
type apiCall struct {
	method string
	scopes []string
}

var apiCalls = map[string]apiCall{
	"AddBookmarkContext":               {"bookmarks.add", []string{"bookmarks:write"}},
	"RemoveBookmarkContext":            {"bookmarks.remove", []string{"bookmarks:write"}},
	"ListBookmarksContext":             {"bookmarks.list", []string{"bookmarks:read"}},
	"GetPermalinkContext":              {"chat.getPermalink", nil},
	"AddPinContext":                    {"pins.add", []string{"pins:write"}},
	"AuthTestContext":                  {"auth.test", nil},
	"CreateChannelCanvasContext":       {"conversations.canvases.create", []string{"canvases:write"}},
	"EditCanvasContext":                {"canvases.edit", []string{"canvases:write"}},
	"CompleteUploadExternalContext":    {"files.completeUploadExternal", []string{"files:write"}},
	"CreateConversationContext":        {"conversations.create", []string{"channels:manage", "groups:write"}},
	"GetConversationHistoryContext":    {"conversations.history", []string{"channels:history", "groups:history", "im:history"}},
	"GetConversationInfoContext":       {"conversations.info", []string{"channels:read", "groups:read"}},
	"GetConversationRepliesContext":    {"conversations.replies", []string{"channels:history", "groups:history", "im:history"}},
	"GetConversationsContext":          {"conversations.list", []string{"channels:read", "groups:read"}},
	"GetFileContext":                   {"", nil}, // from an address that files.info gave
	"GetFileInfoContext":               {"files.info", []string{"files:read"}},
	"GetUploadURLExternalContext":      {"files.getUploadURLExternal", []string{"files:write"}},
	"GetUserByEmailContext":            {"users.lookupByEmail", []string{"users:read.email"}},
	"GetUserGroupsContext":             {"usergroups.list", []string{"usergroups:read"}},
	"GetUsersInConversationContext":    {"conversations.members", []string{"channels:read", "groups:read"}},
	"GetUsersPaginated":                {"users.list", []string{"users:read"}},
	"GetUserInfoContext":               {"users.info", []string{"users:read"}},
	"InviteUsersToConversationContext": {"conversations.invite", []string{"channels:manage", "groups:write"}},
	"JoinConversationContext":          {"conversations.join", []string{"channels:join"}},
	"OpenConversationContext":          {"conversations.open", []string{"im:write"}},
	"OpenViewContext":                  {"views.open", nil},
	"PostMessageContext":               {"chat.postMessage", []string{"chat:write", "chat:write.public"}},
	"PostEphemeralContext":             {"chat.postEphemeral", []string{"chat:write"}},
	"PublishViewContext":               {"views.publish", nil},
	"SetPurposeOfConversationContext":  {"conversations.setPurpose", []string{"channels:manage", "groups:write"}},
	"SetTopicOfConversationContext":    {"conversations.setTopic", []string{"channels:manage", "groups:write"}},
	"StartSocketModeContext":           {"apps.connections.open", nil}, // with the app-level token
	"UnArchiveConversationContext":     {"conversations.unarchive", []string{"channels:manage", "groups:write"}},
	"DeleteMessageContext":             {"chat.delete", []string{"chat:write"}},
	"UpdateMessageContext":             {"chat.update", []string{"chat:write"}},
	"UpdateUserGroupMembersContext":    {"usergroups.users.update", []string{"usergroups:write"}},
	"UpdateViewContext":                {"views.update", nil},
	"UploadToURL":                      {"", nil}, // to an address that files.getUploadURLExternal gave
}

// beyondReference are scopes that widen what a method may do, which Slack's
// reference of that method does not list.
var beyondReference = []string{"chat:write.public"}

// uses is what the bot's code for Slack does.
type uses struct {
	calls  map[string]bool // methods of slack-go's client
	events map[string]bool // bot events that somebody handles
}

// usesOf reads the code of a folder and all below it. It goes by names, so that
// it holds wherever in there the calls are made.
func usesOf(t *testing.T, dir string) uses {
	t.Helper()
	u := uses{map[string]bool{}, map[string]bool{}}
	client := map[string]bool{}
	for typ, i := reflect.TypeFor[*slack.Client](), 0; i < typ.NumMethod(); i++ {
		client[typ.Method(i).Name] = true
	}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && client[f.Sel.Name] && (ofClient(f.X) || strings.HasSuffix(f.Sel.Name, "Context")) {
					u.calls[f.Sel.Name] = true
				}
			case *ast.CaseClause:
				for _, e := range n.List {
					if event := eventOf(e); event != "" && event != "message" {
						u.events[event] = true
					}
				}
			case *ast.BinaryExpr:
				if kind := channelType(n); kind != "" {
					u.events["message."+kind] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// ofClient reports whether a call's receiver is called as clients are.
func ofClient(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name == "api" || x.Name == "client"
	case *ast.SelectorExpr:
		return x.Sel.Name == "api" || x.Sel.Name == "client"
	}
	return false
}

var inCapitals = regexp.MustCompile("([a-z])([A-Z])")

// eventOf returns the event whose type a case of a type switch names, as in
// pin_added for *slackevents.PinAddedEvent, or "".
func eventOf(e ast.Expr) string {
	star, ok := e.(*ast.StarExpr)
	if !ok {
		return ""
	}
	typ, ok := star.X.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if pkg, ok := typ.X.(*ast.Ident); !ok || pkg.Name != "slackevents" {
		return ""
	}
	return strings.ToLower(inCapitals.ReplaceAllString(strings.TrimSuffix(typ.Sel.Name, "Event"), "${1}_$2"))
}

// channelType returns where messages are listened to, when the code compares an
// event's ChannelType: im, channels or groups; or "".
func channelType(n *ast.BinaryExpr) string {
	field, ok := n.X.(*ast.SelectorExpr)
	value, isText := n.Y.(*ast.BasicLit)
	if !ok || !isText || field.Sel.Name != "ChannelType" || n.Op != token.EQL {
		return ""
	}
	return map[string]string{`"im"`: "im", `"channel"`: "channels", `"group"`: "groups", `"mpim"`: "mpim"}[value.Value]
}

// TestManifestAsksForWhatIsUsed holds every scope to a call that the code makes
// or an event that it handles, and every event to its handler: an app that asks
// for more is refused by careful workspaces, rightly.
func TestManifestAsksForWhatIsUsed(t *testing.T) {
	u := usesOf(t, "../bot/chat")
	if len(u.calls) < 15 || len(u.events) < 5 {
		t.Fatalf("%d calls and %d events found in the code: this has looked at the wrong place", len(u.calls), len(u.events))
	}
	needed := map[string]bool{"commands": true} // slash commands and shortcuts
	for name := range u.calls {
		call, known := apiCalls[name]
		if !known {
			t.Errorf("the code calls %s; add it to apiCalls, with the scopes that it takes", name)
		}
		for _, scope := range call.scopes {
			needed[scope] = true
		}
	}
	for name := range apiCalls {
		if !u.calls[name] {
			t.Errorf("apiCalls has %s, which nobody calls: take it out", name)
		}
	}
	for event := range u.events {
		scope, known := eventScopes[event]
		if !known {
			t.Errorf("the code handles %s; add it to eventScopes, with the scope that it takes", event)
		}
		if scope != "" {
			needed[scope] = true
		}
	}
	a := parseApp(t, Default().Slack.Manifest())
	if diff := cmp.Diff(slices.Sorted(maps.Keys(needed)), a.OAuth.Scopes.Bot); diff != "" {
		t.Errorf("scopes (-used by the code +asked for by the manifest):\n%s", diff)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(u.events)), a.Settings.Events.Bot); diff != "" {
		t.Errorf("events (-handled by the code +asked for by the manifest):\n%s", diff)
	}
}

// methodsFolder is Slack's own reference of methods, read where it lies.
const methodsFolder = "../../shared/design/data/slack/methods"

// TestScopesOfMethods holds the table of calls to Slack's reference.
func TestScopesOfMethods(t *testing.T) {
	if _, err := os.Stat(methodsFolder); errors.Is(err, fs.ErrNotExist) {
		t.Skip("Slack's reference of methods is not on this machine; the table of calls has been held to the code only")
	}
	for name, call := range apiCalls {
		if call.method == "" {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(methodsFolder, call.method+".json"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var reference struct {
			Scope struct{ Bot []string }
		}
		if err := json.Unmarshal(raw, &reference); err != nil {
			t.Fatal(err)
		}
		if len(call.scopes) == 0 && len(reference.Scope.Bot) > 0 {
			t.Errorf("%s takes one of %q, apiCalls says none", call.method, reference.Scope.Bot)
		}
		for _, scope := range call.scopes {
			if !slices.Contains(reference.Scope.Bot, scope) && !slices.Contains(beyondReference, scope) {
				t.Errorf("%s takes one of %q, not %s", call.method, reference.Scope.Bot, scope)
			}
		}
	}
}
