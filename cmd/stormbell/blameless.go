package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/incident/blameless"
)

func blamelessCommand(p process) *cobra.Command {
	var section, names string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "blameless [--section WORD] [--names FILE] [--json] [FILE|-]",
		Short: "Find wording that blames, in any text",
		Long: "Reads a text, plain or Markdown, and shows wording that judges people, that judges\n" +
			"a decision by its outcome, or that describes what did not happen, with a suggestion\n" +
			"for each. They are only suggestions: the exit code is 0 whatever is found. Without\n" +
			"FILE, or with -, it reads standard input.\n\n" +
			"Some wording is fine in some sections. If the text has no headings, name the section\n" +
			"with --section: " + strings.Join(blameless.ReaderSections(), ", ") + ".\n",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return wrong(cmd, fmt.Sprintf("%q is too much", args[1]))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			options, err := readerOptions(cmd, section, names)
			if err != nil {
				return err
			}
			file := "-"
			if len(args) > 0 {
				file = args[0]
			}
			text, err := readText(file, p.In)
			if err != nil {
				return err
			}
			findings := append([]blameless.Finding{}, blameless.Read(text, options)...) // never null
			if asJSON {
				return printJSON(p.Out, findings)
			}
			return printFindings(p.Out, file, findings)
		},
	}
	cmd.Flags().StringVar(&section, "section", "", "the section that the text belongs to, a `WORD`")
	cmd.Flags().StringVar(&names, "names", "", "a `FILE` with the names of the people in the incident, one in each line")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one line of JSON, hints included")
	return cmd
}

// readerOptions reads what the flags say of the text.
func readerOptions(cmd *cobra.Command, section, names string) (blameless.Options, error) {
	o := blameless.Options{Section: section}
	if section != "" {
		if err := oneOf(cmd, "section", section, blameless.ReaderSections()...); err != nil {
			return o, err
		}
	}
	if names == "-" {
		return o, wrong(cmd, "--names - is not possible: standard input is the text")
	}
	if names == "" {
		return o, nil
	}
	list, err := readText(names, nil)
	o.Names = strings.FieldsFunc(list, func(r rune) bool { return r == '\n' || r == '\r' })
	return o, err
}

// readText reads a file, or what comes in for -.
func readText(path string, in io.Reader) (string, error) {
	if path == "-" {
		text, err := io.ReadAll(in)
		if err != nil {
			return "", fmt.Errorf("cannot read the text: %v", err)
		}
		return string(text), nil
	}
	text, err := os.ReadFile(path)
	var cause *os.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	if err != nil {
		return "", fmt.Errorf("%s: cannot read it: %v; check the path", path, err)
	}
	return string(text), nil
}

// printFindings shows the warnings and counts the hints.
func printFindings(w io.Writer, file string, findings []blameless.Finding) error {
	if file == "-" {
		file = "text"
	}
	hints := 0
	for _, f := range findings {
		if f.Level != blameless.Warn {
			hints++
			continue
		}
		_, err := fmt.Fprintf(w, "%s:%d:%d: %s: %q\n    %s\n", file, f.Line, f.Column, strings.ReplaceAll(f.Category, "_", " "), f.Phrase, f.Suggestion)
		if err != nil {
			return err
		}
	}
	var err error
	switch {
	case len(findings) == 0:
		_, err = fmt.Fprintln(w, "no wording that blames was found")
	case hints > 0:
		_, err = fmt.Fprintf(w, "there are %d hints besides; --json shows them\n", hints)
	}
	return err
}
