package web

import "testing"

// TestAnswersOverHTTP says of an answer that is refused whether its body can be followed
// at all.
func TestAnswersOverHTTP(t *testing.T) {
	w := newWorld(t)
	w.want(t, post("/v1/incidents", `{"title":"Card payments fail","service":"checkout"}`).admin(), 201, nil)
	answer := func(body string) request { return post("/v1/incidents/INC-1/postmortem-answer", body).admin() }
	w.want(t, answer(`{"question":"cause","text":"A certificate"}`), 409, nil)
	w.want(t, post("/v1/incidents/INC-1/resolve", `{"text":"rollback"}`).admin(), 200, nil)
	w.want(t, answer(`{"text":"A certificate"}`), 422, nil)
	w.want(t, answer(`{"question":"nothing","text":"A certificate"}`), 409, nil)
	w.want(t, answer(`{"question":"cause"}`), 409, nil) // nothing to take back
	w.want(t, answer(`{"question":" CAUSE","text":"A certificate"}`).with("Idempotency-Key", "k"), 200, nil)
	w.want(t, answer(`{"question":" CAUSE","text":"A certificate"}`).with("Idempotency-Key", "k"), 200, nil)
	w.want(t, post("/v1/incidents/INC-1/postmortem-publish", ``).admin(), 200, nil)
	w.want(t, post("/v1/incidents/INC-1/postmortem-publish", `{"text":"again"}`).admin(), 409, nil)
	w.want(t, post("/v1/incidents/INC-9/postmortem-publish", ``).admin(), 404, nil)
}
