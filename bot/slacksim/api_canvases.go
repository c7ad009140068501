package slacksim

import (
	"encoding/json"
	"fmt"
	"strings"
)

const maxCanvas = 1 << 20 // characters per create or change

// Canvas is a document, on its own or as a channel's tab.
type Canvas struct {
	ID       string            `json:"id"`
	Title    string            `json:"title"`
	Markdown string            `json:"markdown"`
	Channel  string            `json:"channel,omitempty"` // whose tab it is
	Access   map[string]string `json:"access,omitempty"`  // read, write or owner by channel or user ID
	Updated  int64             `json:"updated"`
}

// canvasMethods are the calls about canvases; the free plan has only one tab
// per channel.
func canvasMethods() map[string]*method {
	write := anyOf("canvases:write")
	one := []string{"canvas_id"}
	gone := map[string]string{"canvas_id": "canvas_not_found", "channel_id": "channel_not_found"}
	return map[string]*method{
		"canvases.create":               {scopes: write, tier: tier2, run: (*call).canvasCreate},
		"canvases.edit":                 {scopes: write, tier: tier3, required: []string{"canvas_id", "changes"}, absent: gone, run: (*call).canvasEdit},
		"canvases.delete":               {scopes: write, tier: tier3, required: one, absent: gone, run: (*call).canvasDelete},
		"canvases.access.set":           {scopes: write, tier: tier3, required: []string{"canvas_id", "access_level"}, absent: gone, run: (*call).canvasAccess},
		"canvases.sections.lookup":      {scopes: anyOf("canvases:read"), tier: tier3, required: []string{"canvas_id", "criteria"}, absent: gone, run: (*call).canvasLookup},
		"conversations.canvases.create": {scopes: write, tier: tier2, required: []string{"channel_id"}, absent: gone, run: (*call).canvasTab},
	}
}

// document reads document_content; absent is an empty canvas.
func (c *call) document(raw string) (string, *apiError) {
	if raw == "" {
		return "", nil
	}
	var d struct {
		Type     string `json:"type"`
		Markdown string `json:"markdown"`
	}
	if json.Unmarshal([]byte(raw), &d) != nil || d.Type != "markdown" {
		return "", badArgument("must provide an object of type markdown [json-pointer:/document_content]")
	}
	if len([]rune(d.Markdown)) > maxCanvas {
		return "", fail("canvas_too_large")
	}
	return d.Markdown, nil
}

func (c *call) canvasCreate() (object, *apiError) {
	if !c.has("channel_id") && c.opts.Plan == Free {
		return nil, fail("free_teams_cannot_create_standalone_canvases")
	}
	if c.has("channel_id") {
		return c.tab("free_team_canvas_tab_already_exists")
	}
	return c.newCanvas("")
}

func (c *call) canvasTab() (object, *apiError) {
	code := "channel_canvas_already_exists"
	if c.opts.Plan == Free {
		code = "free_team_canvas_tab_already_exists"
	}
	return c.tab(code)
}

// tab makes a channel's canvas; there is one per channel.
func (c *call) tab(taken string) (object, *apiError) {
	ch := c.channels[c.str("channel_id")]
	switch {
	case ch == nil || !c.sees(c.user, ch) || !ch.isMember(c.user):
		return nil, fail("channel_not_found")
	case ch.CanvasID != "":
		return nil, fail(taken)
	}
	o, err := c.newCanvas(ch.ID)
	if err != nil {
		return nil, err
	}
	ch.CanvasID = o["canvas_id"].(string)
	return o, nil
}

func (c *call) newCanvas(channel string) (object, *apiError) {
	text, err := c.document(c.str("document_content"))
	if err != nil {
		return nil, err
	}
	x := &Canvas{ID: c.id("F"), Title: c.str("title"), Markdown: text, Channel: channel,
		Access: map[string]string{c.user: "owner"}, Updated: unix(c.now())}
	c.canvases[x.ID] = x
	return object{"canvas_id": x.ID}, nil
}

// owner is who made a canvas.
func (x *Canvas) owner() string {
	for who, level := range x.Access {
		if level == "owner" {
			return who
		}
	}
	return ""
}

// canvasFile is a canvas as a file, which is what Slack takes it for.
func (w *Workspace) canvasFile(x *Canvas) object {
	return object{"id": x.ID, "created": x.Updated, "timestamp": x.Updated, "name": x.Title, "title": x.Title,
		"mimetype": "application/vnd.slack-docs", "filetype": "quip", "pretty_type": "Canvas", "user": x.owner(), "user_team": w.teamID,
		"editable": true, "size": len(x.Markdown), "mode": "quip", "is_external": false}
}

// MakeCanvas gives a channel a canvas of somebody's own.
func (a *Actor) MakeCanvas(channel, title, markdown string) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	u, c, err := a.seat(channel)
	switch {
	case err != nil:
		return err
	case c.CanvasID != "":
		return fmt.Errorf("channel %q: channel_canvas_already_exists", channel)
	}
	x := &Canvas{ID: a.w.id("F"), Title: title, Markdown: markdown, Channel: c.ID, Access: map[string]string{u.ID: "owner"}, Updated: unix(a.w.now())}
	a.w.canvases[x.ID], c.CanvasID = x, x.ID
	a.w.changed()
	return nil
}

// DeleteCanvas takes a channel's canvas away.
func (a *Actor) DeleteCanvas(channel string) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	_, c, err := a.seat(channel)
	switch {
	case err != nil:
		return err
	case c.CanvasID == "":
		return fmt.Errorf("channel %q: canvas_not_found", channel)
	}
	delete(a.w.canvases, c.CanvasID)
	c.CanvasID = ""
	a.w.changed()
	return nil
}

// canvas is the call's canvas, if the app may write to it.
func (c *call) canvas() (*Canvas, *apiError) {
	x := c.canvases[c.str("canvas_id")]
	if x == nil {
		return nil, fail("canvas_not_found")
	}
	return x, nil
}

func (c *call) canvasEdit() (object, *apiError) {
	x, err := c.canvas()
	if err != nil {
		return nil, err
	}
	if c.opts.Plan == Free && x.Channel == "" {
		return nil, fail("free_teams_cannot_edit_standalone_canvases")
	}
	changes := rawList(c.str("changes"))
	if len(changes) != 1 {
		return nil, badArgument("must provide exactly one change [json-pointer:/changes]")
	}
	var change struct {
		Operation string          `json:"operation"`
		Section   string          `json:"section_id"`
		Document  json.RawMessage `json:"document_content"`
		Title     json.RawMessage `json:"title_content"`
	}
	if json.Unmarshal(changes[0], &change) != nil {
		return nil, badArgument("must provide an object [json-pointer:/changes/0]")
	}
	text, err := c.document(string(change.Document))
	if err != nil {
		return nil, err
	}
	next, err := edited(x, change.Operation, text)
	if err != nil {
		return nil, err
	}
	if len([]rune(next)) > maxCanvas {
		return nil, fail("canvas_too_large")
	}
	x.Markdown, x.Updated = next, unix(c.now())
	return nil, nil
}

// edited applies one change. Sections have no identity here: replace works on
// the whole document, as it does in Slack without a section_id.
func edited(x *Canvas, operation, text string) (string, *apiError) {
	switch operation {
	case "replace":
		return text, nil
	case "insert_at_end", "insert_after":
		return strings.TrimRight(x.Markdown, "\n") + "\n\n" + text, nil
	case "insert_at_start", "insert_before":
		return strings.TrimRight(text, "\n") + "\n\n" + x.Markdown, nil
	case "delete":
		return "", nil
	case "rename":
		return x.Markdown, nil
	}
	return "", fail("canvas_editing_failed")
}

func (c *call) canvasDelete() (object, *apiError) {
	x, err := c.canvas()
	if err != nil {
		return nil, err
	}
	if ch := c.channels[x.Channel]; ch != nil {
		ch.CanvasID = ""
	}
	delete(c.canvases, x.ID)
	return nil, nil
}

func (c *call) canvasAccess() (object, *apiError) {
	x, err := c.canvas()
	if err != nil {
		return nil, err
	}
	level := c.str("access_level")
	users, channels := c.list("user_ids"), c.list("channel_ids")
	switch {
	case level != "read" && level != "write" && level != "owner":
		return nil, fail("invalid_parameters")
	case len(users) > 0 && len(channels) > 0, len(users) == 0 && len(channels) == 0:
		return nil, fail("invalid_parameters")
	}
	for _, id := range users {
		if c.users[id] == nil {
			return nil, fail("user_not_found")
		}
	}
	for _, id := range channels {
		if c.channels[id] == nil {
			return nil, fail("channel_not_found")
		}
	}
	for _, id := range append(users, channels...) {
		x.Access[id] = level
	}
	return nil, nil
}

func (c *call) canvasLookup() (object, *apiError) {
	x, err := c.canvas()
	if err != nil {
		return nil, err
	}
	var criteria struct {
		Contains string   `json:"contains_text"`
		Types    []string `json:"section_types"`
	}
	if json.Unmarshal([]byte(c.str("criteria")), &criteria) != nil {
		return nil, badArgument("must provide an object [json-pointer:/criteria]")
	}
	sections := []object{}
	for i, line := range strings.Split(x.Markdown, "\n") {
		heading := strings.HasPrefix(line, "#")
		if line != "" && strings.Contains(line, criteria.Contains) && (len(criteria.Types) == 0 || heading) {
			sections = append(sections, object{"id": "temp:C:" + x.ID + itoa(i)})
		}
	}
	return object{"sections": sections}, nil
}
