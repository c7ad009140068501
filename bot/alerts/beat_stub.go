package alerts

import "context"

// Beat is to come.
func (a *Alerts) Beat(context.Context, Key, string) (bool, error) { return false, nil }
