package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/rs/zerolog"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
)

// readTemplate reads a template of somebody's own, and names the file in what is wrong.
func readTemplate(path string) (*postmortem.Template, error) {
	text, err := readTemplateText(path)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	t, err := postmortem.ParseTemplate(string(text))
	if err != nil {
		return nil, &templateError{path, err}
	}
	return t, nil
}

// readTemplateText reads the file, where it is one: what never ends, such as a pipe, is not
// read.
func readTemplateText(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, postmortem.TemplateMost+utf8.UTFMax))
}

// templateError is what is wrong with a template.
type templateError struct {
	path string
	err  error
}

// Error returns FILE:LINE: reason.
func (e *templateError) Error() string {
	var at *postmortem.TemplateError
	if errors.As(e.err, &at) {
		return fmt.Sprintf("%s:%d: %s", e.path, at.Line, at.Why)
	}
	return e.path + ": " + e.err.Error()
}

func (e *templateError) Unwrap() error { return e.err }

// filled is what a template makes of a document.
func filled(t *postmortem.Template, path string, document []byte) ([]byte, error) {
	var v postmortem.View
	if err := json.Unmarshal(document, &v); err != nil {
		return nil, fmt.Errorf("read the document: %v; is the bot of another version?", err)
	}
	text, err := t.Execute(v)
	if err != nil {
		return nil, &templateError{path, err}
	}
	return []byte(text), nil
}

// formsOf reads the templates of a configuration. One that cannot be used is told to the
// log: people are paged all the same, and the documents say so.
func formsOf(list []configs.TemplateFile, log zerolog.Logger) []desk.Form {
	var forms []desk.Form
	for _, f := range list {
		t, err := readTemplate(f.File)
		if err != nil {
			log.Error().Err(err).Msg("a template of the post-mortem cannot be used; stormbell check tries it")
			var at *postmortem.TemplateError
			why := errors.New("its file cannot be read") // where the file is does not concern every reader
			if errors.As(err, &at) {
				why = at
			}
			t = postmortem.Unusable(why)
		}
		severity, _ := incident.ParseSeverity(f.Severity)
		forms = append(forms, desk.Form{Severity: severity, Service: f.Service, Template: t})
	}
	return forms
}
