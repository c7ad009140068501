package web

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stormbell/stormbell/bot/web/openapi"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/pattern"
)

// contract is what a route takes and what it answers, from which /openapi.json is
// made. No route is without one.
type contract struct {
	group   string // of the groups below
	query   []openapi.Parameter
	header  []openapi.Parameter
	path    map[string]openapi.Parameter // what is not in pathWords
	body    any                          // the zero value of what is read; anything for what others define; nil: none
	kind    string                       // media type of the body, and of the answer where that is no JSON
	needs   []string                     // the fields that the body must have
	example string                       // of a body, one that is accepted
	gives   map[int]any                  // status → the zero value of the answer; plain for what is no JSON
	refuses []int                        // statuses besides those of every such route
	errors  any                          // the zero value of a refusal; nil: a problem
}

// anything is a body that somebody else has defined.
type anything struct{}

// plain is an answer that is no JSON, by its media types.
type plain []string

// several is one of some answers.
type several []any

// groups are what the operations are sorted by.
var groups = []openapi.Tag{
	{Name: "process", Description: "How the process is. No token is needed."},
	{Name: "senders", Description: "For those who send alerts, with an integration key."},
	{Name: "incidents", Description: "What people do to incidents in Slack, without Slack."},
	{Name: "follow-ups", Description: "What is to be done after an incident."},
	{Name: "alerts", Description: "Where alerts went and why; silences and maintenance; keys of senders; heartbeats."},
	{Name: "on-call", Description: "The roster, and the contact methods of the people in it."},
	{Name: "figures", Description: "Figures about incidents and on-call work, and who did or read what."},
	{Name: "store", Description: "Copies of the store."},
	{Name: "links", Description: "What stands in messages to people."},
}

// pathWords are the parameters of paths.
var pathWords = map[string]openapi.Parameter{
	"name":  {Description: "the name of the incident", Schema: &openapi.Schema{Type: "string", Pattern: "^INC-[0-9]+$"}, Example: "INC-1"},
	"id":    wordOf("id", "its ID", ""),
	"verb":  {Description: "what to do", Schema: &openapi.Schema{Type: "string"}},
	"entry": {Description: "the number of the entry in the timeline", Schema: &openapi.Schema{Type: "integer"}},
	"file":  {Description: "its place in the message, from 1", Schema: &openapi.Schema{Type: "integer"}},
	"token": {Description: "what is signed", Schema: &openapi.Schema{Type: "string"}},
	"kind":  {Description: "which figures", Schema: &openapi.Schema{Type: "string", Enum: reportKinds}, Example: reportKinds[0]},
}

// called describes a name in a path that is no incident's.
func called(says, example string) map[string]openapi.Parameter {
	return map[string]openapi.Parameter{"name": {Description: says, Schema: &openapi.Schema{Type: "string"}, Example: example}}
}

// The parameters of queries.
func wordOf(name, says, example string) openapi.Parameter {
	p := openapi.Parameter{Name: name, In: "query", Description: says, Schema: &openapi.Schema{Type: "string"}}
	if example != "" {
		p.Example = example
	}
	return p
}

func truthOf(name, says string) openapi.Parameter {
	return openapi.Parameter{Name: name, In: "query", Description: says, Schema: &openapi.Schema{Type: "boolean"}, Example: true}
}

func timeOf(name, says, example string) openapi.Parameter {
	return openapi.Parameter{Name: name, In: "query", Description: says, Schema: &openapi.Schema{Type: "string", Format: "date-time"}, Example: example}
}

func among(name, says string, words []string) openapi.Parameter {
	return openapi.Parameter{Name: name, In: "query", Description: says, Schema: &openapi.Schema{Type: "string", Enum: words}, Example: words[0]}
}

func upTo(most int) openapi.Parameter {
	one := 1
	return openapi.Parameter{Name: "limit", In: "query", Description: "how many at most", Schema: &openapi.Schema{Type: "integer", Minimum: &one, Maximum: &most, Default: listUsual}}
}

func required(p openapi.Parameter) openapi.Parameter {
	p.Required = true
	return p
}

// The parameters that several routes have.
var (
	asPerson  = wordOf("as", "in whose name: a person of the roster, by ID or name", "")
	fromThen  = timeOf("from", "from then on", "2026-11-01T00:00:00Z")
	untilThen = timeOf("to", "until then", "2026-12-01T00:00:00Z")
	repeats   = openapi.Parameter{Name: "Idempotency-Key", In: "header", Description: "any text of up to 255 characters; the same again does the same only once", Schema: &openapi.Schema{Type: "string"}}
)

//go:embed fields.json
var fieldsJSON []byte

// commented is what the code says of the fields and of the values of the types that are
// sent, taken from its comments.
type commented struct {
	Fields map[string]string   `json:"fields"`
	Values map[string][]string `json:"values"`
}

const module = "github.com/stormbell/stormbell/"

// schemas returns an empty collection that knows how the types here are written.
func schemas() *openapi.Schemas {
	var said commented
	if err := json.Unmarshal(fieldsJSON, &said); err != nil {
		panic(err) // it is part of the program
	}
	words, values := map[string]string{}, map[string][]string{}
	for name, text := range said.Fields {
		words[module+name] = text
	}
	for name, list := range said.Values {
		values[module+name] = list
	}
	zero, four := 0, 4
	return &openapi.Schemas{
		Name: schemaName, Words: words, Values: values,
		Whole: func(pkg string) bool { return pkg == module+"bot/web" },
		Known: map[reflect.Type]openapi.Schema{
			reflect.TypeFor[severity]():          {Type: []string{"string", "integer"}, Description: "sev1 to sev4, a word for it such as critical, or 1 to 4; 1 is the worst"},
			reflect.TypeFor[labelWords]():        {Type: "object", Additional: &openapi.Schema{Type: "string"}},
			reflect.TypeFor[incident.Severity](): {Type: "integer", Minimum: &zero, Maximum: &four, Description: "1 is the worst; 0: none"},
		},
	}
}

// schemaName is what the schema of a type is called: the package belongs to it, where
// that is not this one.
func schemaName(t reflect.Type) string {
	title := func(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
	pkg := t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:]
	name := title(regexp.MustCompile(`[^A-Za-z0-9]`).ReplaceAllString(t.Name(), ""))
	if pkg == "web" || strings.EqualFold(pkg, t.Name()) {
		return name
	}
	return title(pkg) + name
}

// Description returns what /openapi.json answers: every route, as OpenAPI 3.1 has it.
func Description(version string) openapi.Document {
	d := openapi.Document{
		OpenAPI: openapi.Version,
		Info: openapi.Info{Title: "Stormbell", Version: version, Description: "Incidents, alerts and on-call work over HTTP. " +
			"A field that is not described is refused in a request, and does not occur in an answer of the same version; later versions may add fields to answers."},
		Servers: []openapi.Server{{URL: "/", Description: "where this description is"}},
		Tags:    groups,
		Paths:   map[string]map[string]*openapi.Operation{},
	}
	known := schemas()
	for _, r := range (&Server{metrics: NewMetrics("")}).table() {
		if d.Paths[r.Path] == nil {
			d.Paths[r.Path] = map[string]*openapi.Operation{}
		}
		d.Paths[r.Path][strings.ToLower(r.Method)] = r.operation(known)
	}
	d.Components = openapi.Components{Schemas: known.Made, SecuritySchemes: map[string]openapi.Security{
		"admin":    {Type: "http", Scheme: "bearer", Description: "the admin token, `http.admin_token` of the configuration"},
		"key":      {Type: "http", Scheme: "bearer", Description: "an integration key"},
		"keyBasic": {Type: "http", Scheme: "basic", Description: "an integration key as the password, with any name"},
		"keyQuery": {Type: "apiKey", In: "query", Name: "key", Description: "an integration key, where the sender can do no better: an address ends up in logs"},
		"genieKey": {Type: "apiKey", In: "header", Name: "Authorization", Description: "`GenieKey KEY`, with an integration key"},
	}}
	return d
}

// security says which of the ways to show who one is a route takes.
func (r served) security() []map[string][]string {
	ways := func(names ...string) (list []map[string][]string) {
		for _, name := range names {
			list = append(list, map[string][]string{name: {}})
		}
		return list
	}
	switch {
	case r.Who == operators:
		return ways("admin")
	case r.Who == genieKeys:
		return ways("genieKey", "key", "keyBasic", "keyQuery")
	case r.contract.group == "senders" && r.Path == "/v1/sns":
		return ways("keyQuery", "key", "keyBasic")
	case r.contract.group == "senders" && r.Who == senderKeys:
		return ways("key", "keyBasic", "keyQuery")
	case r.contract.group == "senders":
		return append([]map[string][]string{{}}, ways("key", "keyBasic", "keyQuery")...) // the body has it
	default:
		return []map[string][]string{}
	}
}

var inPath = pattern.New(`\{(\w+)\}`)

// operation describes the route.
func (r served) operation(known *openapi.Schemas) *openapi.Operation {
	c := r.contract
	o := &openapi.Operation{ID: r.id(), Tags: []string{c.group}, Summary: strings.ToUpper(r.What[:1]) + r.What[1:], Security: r.security(), Responses: map[string]openapi.Response{}}
	for _, m := range inPath.FindAllStringSubmatch(r.Path, -1) {
		p, ok := c.path[m[1]]
		if !ok {
			p = pathWords[m[1]]
		}
		p.Name, p.In, p.Required = m[1], "path", true
		o.Parameters = append(o.Parameters, p)
	}
	o.Parameters = append(append(o.Parameters, c.query...), c.header...)
	if c.body != nil {
		o.RequestBody = c.request(known)
	}
	for status, zero := range c.gives {
		o.Responses[strconv.Itoa(status)] = openapi.Response{Description: statusWords(status), Content: answer(known, zero)}
	}
	if len(c.gives) > 0 && r.Who == anybody {
		return o
	}
	refusal := c.errors
	if refusal == nil {
		refusal = problem{}
	}
	for _, status := range r.refusals() {
		if _, ok := c.gives[status]; !ok {
			o.Responses[strconv.Itoa(status)] = openapi.Response{Description: statusWords(status), Content: answer(known, refusal)}
		}
	}
	return o
}

// id names the operation for those who make clients: getIncidentsName, postIncidents.
func (r served) id() string {
	name := strings.ToLower(r.Method)
	for _, part := range strings.FieldsFunc(r.Path, func(c rune) bool { return strings.ContainsRune("/{}._-", c) }) {
		if part != "v1" {
			name += strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return name
}

func (c contract) request(known *openapi.Schemas) *openapi.Body {
	m := openapi.Media{Schema: &openapi.Schema{}}
	kind := c.kind
	if kind == "" {
		kind = "application/json"
	}
	if _, free := c.body.(anything); !free {
		m.Schema = known.Request(c.body, c.needs...)
	}
	switch {
	case c.example == "":
	case kind == "application/json":
		m.Example = json.RawMessage(c.example)
	default:
		m.Example = c.example
	}
	return &openapi.Body{Required: len(c.needs) > 0 || kind != "application/json", Content: map[string]openapi.Media{kind: m}}
}

// answer describes what an answer has in it.
func answer(known *openapi.Schemas, zero any) map[string]openapi.Media {
	switch zero := zero.(type) {
	case plain:
		content := map[string]openapi.Media{}
		for _, kind := range zero {
			content[kind] = openapi.Media{Schema: &openapi.Schema{}}
		}
		return content
	case several:
		one := &openapi.Schema{}
		for _, z := range zero {
			one.AnyOf = append(one.AnyOf, known.Answer(z))
		}
		return map[string]openapi.Media{"application/json": {Schema: one}}
	default:
		return map[string]openapi.Media{"application/json": {Schema: known.Answer(zero)}}
	}
}

// refusals are the statuses with which a route refuses, in their order.
func (r served) refusals() []int {
	list := map[int]bool{http.StatusServiceUnavailable: true}
	add := func(statuses ...int) {
		for _, s := range statuses {
			list[s] = true
		}
	}
	add(r.contract.refuses...)
	switch {
	case r.Who == operators:
		add(http.StatusUnauthorized, http.StatusForbidden)
	case r.contract.group == "senders":
		add(http.StatusUnauthorized, http.StatusTooManyRequests)
	}
	if strings.Contains(r.Path, "{") {
		add(http.StatusNotFound)
	}
	if len(r.contract.query) > 0 {
		add(http.StatusBadRequest)
	}
	if r.contract.body != nil {
		add(http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
		if r.Who == operators {
			add(http.StatusUnprocessableEntity)
		}
	}
	return slices.Sorted(maps.Keys(list))
}

// statusWords says what a status means here.
func statusWords(status int) string {
	switch status {
	case http.StatusOK:
		return "Done"
	case http.StatusCreated:
		return "It was made"
	case http.StatusAccepted:
		return "It is stored"
	case http.StatusBadRequest:
		return "It cannot be read; `fields` names each field and the reason"
	case http.StatusUnauthorized:
		return "The key or token is missing or not known"
	case http.StatusForbidden:
		return "It is not allowed from there, or is switched off"
	case http.StatusNotFound:
		return "There is no such thing"
	case http.StatusRequestTimeout:
		return "The body took too long"
	case http.StatusConflict:
		return "It cannot be done as things stand now; `error` says why, and `next` what can be done"
	case http.StatusGone:
		return "It has expired"
	case http.StatusPreconditionFailed:
		return "Another version is current"
	case http.StatusRequestEntityTooLarge:
		return "The body is too large"
	case http.StatusUnsupportedMediaType:
		return "The body is packed in a way that is not known here"
	case http.StatusUnprocessableEntity:
		return "It can be read but not followed; `fields` names each field and the reason"
	case http.StatusTooManyRequests:
		return "Too much at once; send it again after `Retry-After` seconds"
	case http.StatusServiceUnavailable:
		return "It could not be done or stored, or this process stands by; send it again after `Retry-After` seconds"
	default:
		panic(fmt.Sprintf("web: nobody says what %d means", status)) // a mistake in the table of routes
	}
}

// openAPI answers with the description of every route. It has no secret in it, and who
// has none may have to read how one is shown.
func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(s.description()) // whoever asked may be gone
}
