package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// What a release sets with -ldflags -X; only that may write them.
var (
	version = ""
	commit  = ""
	date    = ""
)

// build is which program this is.
type build struct {
	Version  string `json:"version"` // devel where nobody said
	Commit   string `json:"commit"`
	Date     string `json:"date"` // of the commit, RFC 3339
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// currentBuild returns what the release set, and for the rest what the Go tool
// has recorded, as it does for go install.
func currentBuild() build {
	b := build{Version: version, Commit: commit, Date: date, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if ok && b.Version == "" && info.Main.Version != "(devel)" {
		b.Version = info.Main.Version
	}
	if b.Version == "" {
		b.Version = "devel"
	}
	if !ok || b.Commit != "" {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		}
	}
	return b
}

func versionCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version [--json]",
		Short: "Which version this is",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			b := currentBuild()
			if asJSON {
				return printJSON(p.Out, b)
			}
			line := "stormbell " + b.Version
			if b.Commit != "" {
				line += fmt.Sprintf(" (%.12s, %s)", b.Commit, b.Date)
			}
			_, err := fmt.Fprintf(p.Out, "%s %s %s\n", line, b.Go, b.Platform)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one line of JSON")
	return cmd
}
