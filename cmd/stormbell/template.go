package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
)

// readTemplate reads a template of somebody's own, and names the file in what is wrong.
func readTemplate(path string) (*postmortem.Template, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the template: %v", err)
	}
	t, err := postmortem.ParseTemplate(string(text))
	if err != nil {
		return nil, &templateError{path, err}
	}
	return t, nil
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

// formsOf reads the templates of a configuration.
func formsOf(list []configs.TemplateFile) ([]desk.Form, error) {
	var forms []desk.Form
	for _, f := range list {
		t, err := readTemplate(f.File)
		if err != nil {
			return nil, fmt.Errorf("%w; stormbell check tries it", err)
		}
		severity, _ := incident.ParseSeverity(f.Severity)
		forms = append(forms, desk.Form{Severity: severity, Service: f.Service, Template: t})
	}
	return forms, nil
}
