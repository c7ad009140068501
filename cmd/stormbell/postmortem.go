package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident/postmortem"
)

func postmortemCommand(p process) *cobra.Command {
	var flags operatorFlags
	format, version, template, out, public := "markdown", "", "", "", false
	cmd := &cobra.Command{
		Use:   "postmortem --config FILE [--format FORMAT] [--version N] [--public] [--template FILE] [--out FILE] INC-N",
		Short: "The post-mortem of an incident as it stands",
		Long: "Prints the document as it was published last, or else as the running bot drafts\n" +
			"it from the incident's timeline. Questions that nobody has answered stay open.\n" +
			"With --version it is that one; --version draft is what the timeline has by now.\n\n" +
			"A bundle is a ZIP file with the document in its forms and the hash of each;\n" +
			"stormbell postmortem verify proves it. With --public it is the version for\n" +
			"readers outside. With --template it is what that template makes of it, which\n" +
			"shows a template on any incident of the past before it is configured.\n",
		Args:        exactly("INC-N"),
		Annotations: itself,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := incidentName(cmd, args[0])
			if err != nil {
				return err
			}
			if err := oneOf(cmd, "format", format, "markdown", "html", "json", "bundle"); err != nil {
				return err
			}
			query := url.Values{"format": {format}}
			var form *postmortem.Template
			if template != "" {
				if cmd.Flags().Changed("format") && format != "markdown" {
					return wrong(cmd, "--template makes Markdown: leave out --format "+format)
				}
				if form, err = readTemplate(template); err != nil {
					return err
				}
				query.Set("format", "json")
			}
			if version != "" {
				query.Set("version", version)
			}
			if public {
				query.Set("public", "true")
			}
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			document, err := o.get(cmd.Context(), "/v1/incidents/"+name+"/postmortem", query)
			if err == nil && form != nil {
				document, err = filled(form, template, document)
			}
			if err != nil {
				return err
			}
			return writeDocument(p.Out, out, format, document)
		},
	}
	configFlag(cmd, &flags.config)
	cmd.Flags().StringVar(&version, "version", "", "the version `N` that was published, or draft")
	cmd.Flags().StringVar(&format, "format", format, "the `FORMAT`: markdown, html, json or bundle")
	cmd.Flags().BoolVar(&public, "public", false, "the version for readers outside: no people, decisions or notifications, and of what was typed only what was said to the public")
	cmd.Flags().StringVar(&template, "template", "", "a template `FILE` of your own instead of the usual form")
	cmd.Flags().StringVarP(&out, "out", "o", "", "write to `FILE` instead of printing")
	cmd.AddCommand(verifyCommand(p))
	return cmd
}

func writeDocument(to io.Writer, out, format string, document []byte) error {
	if out != "" {
		if err := os.WriteFile(out, document, 0o600); err != nil {
			return fmt.Errorf("write the document: %v", err)
		}
		return nil
	}
	if f, ok := to.(*os.File); ok && format == "bundle" && isatty.IsTerminal(f.Fd()) {
		return errors.New("a bundle is no text for a terminal; name a file with -o FILE")
	}
	_, err := to.Write(document)
	return err
}

func verifyCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify [--json] BUNDLE",
		Short: "Prove that a bundle is as it was written",
		Long: "Holds every file of a bundle against the hash that was written with it, and names\n" +
			"what differs, is missing or was added; then it exits 1. It needs no store, no bot\n" +
			"and no network. Two bundles with the same fingerprint hold the same: note it where\n" +
			"nobody can change it.\n",
		Args: exactly("BUNDLE"),
		RunE: func(_ *cobra.Command, args []string) error {
			bundle, err := readBundle(args[0])
			if err != nil {
				return err
			}
			proof, err := postmortem.Verify(bundle)
			if err != nil {
				return fmt.Errorf("%s is no bundle: %v", args[0], err)
			}
			if asJSON {
				err = json.NewEncoder(p.Out).Encode(map[string]any{"incident": proof.Name, "files": append([]string{}, proof.Files...),
					"fingerprint": proof.Fingerprint, "problems": append([]string{}, proof.Wrong...)})
			} else if len(proof.Wrong) == 0 {
				_, err = fmt.Fprintf(p.Out, "%s is whole: the post-mortem of %s in %d files.\nFingerprint: %s\n", args[0], proof.Name, len(proof.Files), proof.Fingerprint)
			}
			if err == nil && len(proof.Wrong) > 0 {
				err = fmt.Errorf("%s is not as it was written: %s", args[0], strings.Join(proof.Wrong, "; "))
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one line of JSON")
	return cmd
}

// bundleMost is how large a bundle that is read may be.
const bundleMost = 64 << 20

func readBundle(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the bundle: %v", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, bundleMost+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the bundle: %v", err)
	case len(b) > bundleMost:
		return nil, fmt.Errorf("%s is larger than a bundle can be", path)
	}
	return b, nil
}

// oneOf wants a flag's value to be one of some words.
func oneOf(cmd *cobra.Command, flag, value string, words ...string) error {
	if slices.Contains(words, value) {
		return nil
	}
	mend := "use " + strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
	if near := configs.Nearest(value, words); near != "" {
		mend = fmt.Sprintf("did you mean %s?", near)
	}
	return wrong(cmd, fmt.Sprintf("--%s %s: %s", flag, value, mend))
}
