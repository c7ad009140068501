package web

import (
	"testing"

	"github.com/stormbell/stormbell/bot/desk"
)

// TestAudit asks over HTTP who did or read what, by pages, and is told what cannot be
// asked.
func TestAudit(t *testing.T) {
	w := newWorld(t)
	w.want(t, post("/v1/incidents", `{"title":"A secret","private":true}`).admin(), 201, nil)
	w.want(t, get("/v1/incidents/INC-1").admin(), 200, nil)
	var page struct {
		Audit []desk.Audited
		More  string
	}
	w.want(t, get("/v1/audit?limit=1").admin(), 200, &page)
	if len(page.Audit) != 1 || page.Audit[0].Did != "read" || !page.Audit[0].Private || page.More == "" {
		t.Fatalf("the first page is %+v", page)
	}
	before := page.More
	page.Audit, page.More = nil, ""
	w.want(t, get("/v1/audit?incident=INC-1&before="+before).admin(), 200, &page)
	if len(page.Audit) != 1 || page.Audit[0].Did != "declared" || page.More != "" {
		t.Errorf("the second page is %+v", page)
	}
	w.want(t, get("/v1/audit?person=ada").admin(), 200, nil)
	w.want(t, get("/v1/audit?incidnt=INC-1").admin(), 400, nil)
	w.want(t, get("/v1/audit?incident=x").admin(), 400, nil)
	w.want(t, get("/v1/audit?before=x").admin(), 422, nil)
	w.want(t, get("/v1/audit"), 401, nil)
}
