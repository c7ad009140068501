package bolt

// LetReside sets how many bytes of the file may be resident.
func (e *Engine) LetReside(n int64) { e.mayReside = n }
