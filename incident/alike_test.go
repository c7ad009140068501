package incident

import "testing"

func TestAlike(t *testing.T) {
	base := func(n int, title string, change ...func(*Incident)) Incident {
		i := Incident{Number: n, Title: title, Status: Declared, Service: "checkout"}
		for _, f := range change {
			f(&i)
		}
		return i
	}
	of := func(service string) func(*Incident) { return func(i *Incident) { i.Service = service } }
	does := func(f string) func(*Incident) { return func(i *Incident) { i.Function = f } }
	byDefault := func(i *Incident) { i.ServiceBy = ByDefault }
	for name, test := range map[string]struct {
		new, old Incident
		want     bool
	}{
		"the same words":                    {base(2, "Card payments fail"), base(1, "card payments failing"), true},
		"the same words of another service": {base(2, "Card payments fail"), base(1, "Card payments are failing", of("edge")), true},
		"one service, other words for it":   {base(2, "Checkout is down"), base(1, "Checkout is slow"), true},
		"words that mean the same":          {base(2, "Checkout is unavailable"), base(1, "Checkout outage", of("edge")), true},
		"one service, something else":       {base(2, "Checkout is down"), base(1, "Refund mails are late"), false},
		"another service is slow, too":      {base(2, "Search is slow", of("search")), base(1, "Checkout is slow"), false},
		"nobody said the service of either": {base(2, "Checkout is down", byDefault), base(1, "Search is down", byDefault), false},
		"one function":                      {base(2, "Cards are refused", does("card payments")), base(1, "3-D Secure times out", does("Card Payments")), true},
		"two functions":                     {base(2, "Checkout is slow", does("card payments")), base(1, "Checkout is down", does("vouchers")), false},
		"a drill is not like an incident":   {base(2, "Checkout is down", func(i *Incident) { i.Test = true }), base(1, "Checkout is down"), false},
		"nobody is told of a private one":   {base(2, "Checkout is down"), base(1, "Checkout is down", func(i *Incident) { i.Private = true }), false},
		"nor is a private one shown to be":  {base(2, "Checkout is down", func(i *Incident) { i.Private = true }), base(1, "Checkout is down"), false},
		"what is over is not the same":      {base(2, "Checkout is down"), base(1, "Checkout is down", func(i *Incident) { i.Status = Resolved }), false},
		"it is not like itself":             {base(1, "Checkout is down"), base(1, "Checkout is down"), false},
		"titles without a telling word":     {base(2, "!!!"), base(1, "???", of("edge")), false},
	} {
		if _, got := Alike(test.new, []Incident{test.old}); got != test.want {
			t.Errorf("%s: Alike(%q, %q) = %t, want %t", name, test.new.Title, test.old.Title, got, test.want)
		}
	}
	best, ok := Alike(base(9, "Card payments fail"), []Incident{base(8, "Card payments are slow"), base(7, "card payments fail"), base(6, "card payments fail")})
	if !ok || best.Number != 7 {
		t.Errorf("Alike() = %d, want the most alike, and of two the first", best.Number)
	}
}
