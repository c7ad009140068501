package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident/postmortem"
)

// formats are the forms of the post-mortem.
var formats = []string{"markdown", "html", "json", "bundle"}

// postmortem answers with the document as it stands: ?format=markdown, html, json or bundle,
// ?version=N or draft, and ?public=true for the version for readers outside.
func (s *Server) postmortem(w http.ResponseWriter, r *http.Request, d *Parts) error {
	n, err := named(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	format := query.Get("format")
	if format == "" {
		format = "markdown"
	}
	if !slices.Contains(formats, format) {
		return &problem{Status: http.StatusBadRequest, Why: "format must be markdown, html, json or bundle."}
	}
	public := query.Get("public")
	if !slices.Contains([]string{"", "true", "false"}, public) {
		return &problem{Status: http.StatusBadRequest, Why: "public must be true or false."}
	}
	doc, err := s.documentOf(r, d, n)
	if err != nil {
		return err
	}
	if public == "true" {
		if doc.Private {
			return &problem{Status: http.StatusUnprocessableEntity, Why: doc.Name + " is private, so it has no version for readers outside."}
		}
		doc = doc.ForPublic()
	}
	return writeDocument(w, doc, format)
}

// documentOf reads the document as it stands: as it was published last, or else the draft. With
// ?version=N it is that version, and with ?version=draft what the timeline has by now.
func (s *Server) documentOf(r *http.Request, d *Parts, n int) (doc postmortem.Document, err error) {
	switch version := r.URL.Query().Get("version"); version {
	case "":
		doc, err = d.Postmortem(r.Context(), viewer, n, s.zone)
	case "draft":
		doc, err = d.Draft(r.Context(), viewer, n, s.zone)
	default:
		k, failed := strconv.Atoi(version)
		if failed != nil || k < 1 {
			return doc, &problem{Status: http.StatusBadRequest, Why: "version must be a number from 1 on, or draft."}
		}
		var f desk.Frozen
		f, err = d.Published(r.Context(), viewer, n, k)
		doc = f.Document
	}
	if err != nil {
		return doc, missing(err)
	}
	return doc, nil
}

func writeDocument(w http.ResponseWriter, doc postmortem.Document, format string) error {
	kind, body := "text/markdown; charset=utf-8", []byte(nil)
	switch format {
	case "json":
		kind, body = "application/json", doc.JSON()
	case "html":
		// The page has its own style inside and nothing else.
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		kind, body = "text/html; charset=utf-8", []byte(doc.HTML())
	case "bundle":
		var err error
		if body, err = doc.Bundle(); err != nil {
			return err
		}
		kind = "application/zip"
		w.Header().Set("Content-Disposition", `attachment; filename="`+strings.ToLower(doc.Name)+`-post-mortem.zip"`)
	default:
		body = []byte(doc.Markdown())
	}
	w.Header().Set("Content-Type", kind)
	_, err := w.Write(body)
	return err
}
