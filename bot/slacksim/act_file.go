package slacksim

// Share posts a message with files, as the client does when somebody drops them into a
// channel: each has a name and its bytes.
func (a *Actor) Share(channel, text string, files ...File) (Message, error) {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	u, c, err := a.seat(channel)
	if err != nil {
		return Message{}, err
	}
	base := ""
	for _, conn := range w.conns {
		base = conn.base
	}
	m := &Message{User: u.ID, Subtype: "file_share", Text: w.typed(text), ClientMsgID: w.uuid(), Upload: true}
	for _, given := range files {
		f := &file{length: len(given.Content), sent: true, done: true, File: File{ID: w.id("F"), Name: given.Name, Title: given.Name,
			User: u.ID, Created: unix(w.now()), Content: given.Content, Size: len(given.Content), Mimetype: mimeOf(given.Name, given.Content),
			Channels: []string{c.ID}}}
		f.URL = base + "/files/" + w.teamID + "-" + f.ID + "/" + given.Name
		w.files[f.ID] = f
		x := f.File
		x.Content, x.Channels = nil, nil // the message refers to the file, it does not hold it
		m.Files = append(m.Files, x)
	}
	m.Blocks = w.richText(m.Text)
	w.post(c, m)
	for _, f := range m.Files {
		w.emit("file_shared", c, object{"file_id": f.ID, "user_id": u.ID, "channel_id": c.ID, "file": object{"id": f.ID}})
	}
	return m.clone(), nil
}
