package ledger

import "testing"

// TestPicturesComeAfterTheirWords: what belongs to a message has its turn in the lane of
// that, so that it is never seen before, however long each call takes.
func TestPicturesComeAfterTheirWords(t *testing.T) {
	for _, c := range []struct{ words, picture Job }{
		{Job{Kind: Month, Target: "gold"}, Job{Kind: MonthPicture, Target: "gold", Text: "2026-10"}},
		{Job{Kind: Week, Target: "payments"}, Job{Kind: WeekPicture, Target: "payments", Text: "2026-10-05"}},
		{Job{Kind: Say, Incident: 7}, Job{Kind: Postmortem, Incident: 7}},
		{Job{Kind: Say, Incident: 7}, Job{Kind: Meanwhile, Incident: 7}},
	} {
		if a, b := c.words.Lane(), c.picture.Lane(); a != b {
			t.Errorf("%s is in lane %q, %s in %q", c.words.Kind, a, c.picture.Kind, b)
		}
	}
	if a, b := (Job{Kind: Month, Target: "gold"}).Lane(), (Job{Kind: Month, Target: "silver"}).Lane(); a == b {
		t.Errorf("a picture of one agreement that is tried again holds up the words of another, in lane %q", a)
	}
}

// TestAfterIsARow: what a kind follows is in the table, and follows nothing itself.
func TestAfterIsARow(t *testing.T) {
	for kind, row := range table {
		if row.After == "" {
			continue
		}
		if other, ok := table[row.After]; !ok || other.After != "" || row.Lane != nil {
			t.Errorf("%s follows %q, with a lane of its own: %t", kind, row.After, row.Lane != nil)
		}
	}
}
