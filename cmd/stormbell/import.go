package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/rotation/importer"
)

// importFlags are those of the import.
type importFlags struct {
	output     string
	at         instant
	lastResort targets
	strict     bool
	json       bool
	force      bool
	fetch      string
	url        string
}

func importCommand(p process) *cobra.Command {
	var flags importFlags
	cmd := &cobra.Command{
		Use:   "import SYSTEM FILE… [-o|--output FILE] [--at TIME] [--last-resort TARGET] [--strict] [--json] [--force] [--fetch FOLDER [--url URL]]",
		Short: "Make a roster of another system's export",
		Long: "Turns what another system exports into a roster file, and says on standard error what\n" +
			"could not be carried over. SYSTEM is one of " + strings.Join(importer.Systems(), ", ") + ".\n" +
			"FILE is a file, a folder, which is read to the bottom, or - for standard input; what a\n" +
			"file is, its content tells. Nothing is written unless the roster can be read.\n\n" +
			"Nothing is asked of the network, except with --fetch: it first reads the account into\n" +
			"FOLDER, file by file, with a key that may only read, from OPSGENIE_API_KEY,\n" +
			"PAGERDUTY_TOKEN, GRAFANA_ONCALL_TOKEN or GOALERT_TOKEN. What is there already is not\n" +
			"asked for again.\n\n" +
			"A line of the report begins with what became of something: left out is gone, differs\n" +
			"is carried over but not exactly, look at is exact but somebody has to act.\n",
		Args: importArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.json && flags.output == "" {
				return wrong(cmd, "--json is printed where the roster would be, so it needs --output FILE")
			}
			if flags.fetch == "" && len(args) == 1 {
				return wrong(cmd, "FILE is missing")
			}
			paths := args[1:]
			if flags.fetch != "" {
				if err := fetchExport(cmd.Context(), p, args[0], flags.url, flags.fetch); err != nil {
					return err
				}
				paths = append([]string{flags.fetch}, paths...)
			}
			return flags.run(p, args[0], paths)
		},
	}
	cmd.Flags().StringVarP(&flags.output, "output", "o", "", "write the roster to this `FILE`; by default it is printed")
	cmd.Flags().Var(&flags.at, "at", "when the export was made, RFC 3339; by default now")
	cmd.Flags().Var(&flags.lastResort, "last-resort", "who is told when nobody answers, as in channel:incidents or person:ada; may be given again")
	cmd.Flags().BoolVar(&flags.strict, "strict", false, "exit 1 when something was left out, after writing")
	cmd.Flags().BoolVar(&flags.json, "json", false, "the report as one line of JSON")
	cmd.Flags().BoolVar(&flags.force, "force", false, "replace the file of --output if there is one")
	cmd.Flags().StringVar(&flags.fetch, "fetch", "", "read the account into this `FOLDER` first")
	cmd.Flags().StringVar(&flags.url, "url", "", "the `URL` of the API for --fetch, as https://api.eu.opsgenie.com")
	return cmd
}

// importArguments wants a system.
func importArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return wrong(cmd, "SYSTEM is missing, one of "+strings.Join(importer.Systems(), ", "))
	}
	known := importer.Systems()
	for _, s := range known {
		if s == args[0] {
			return nil
		}
	}
	near := configs.Nearest(args[0], known)
	for _, s := range known { // grafana, pagerduty.com
		if near == "" && args[0] != "" && (strings.HasPrefix(s, strings.ToLower(args[0])) || strings.HasPrefix(strings.ToLower(args[0]), s)) {
			near = s
		}
	}
	if near != "" {
		return wrong(cmd, fmt.Sprintf("there is no system %q, did you mean %q?", args[0], near))
	}
	return wrong(cmd, fmt.Sprintf("there is no system %q; it is one of %s", args[0], strings.Join(known, ", ")))
}

// run imports and writes.
func (f *importFlags) run(p process, system string, paths []string) error {
	ext := ".json"
	if system == "ical" {
		ext = ".ics"
	}
	files := exportFiles(p.In, paths, ext)
	if _, err := os.Lstat(f.output); f.output != "" && err == nil && !f.force {
		refusal := importer.Refusal{File: f.output, What: "is there already", Mend: "add --force to replace it, or name another file"}
		files = append(files, importer.File{Name: f.output, Refused: &refusal})
	}
	result, err := importer.Import(system, files, importer.Options{At: f.at.or(time.Now()).Truncate(time.Second), LastResort: f.lastResort})
	if err != nil {
		return err
	}
	if f.output == "" {
		_, err = p.Out.Write(result.Text)
	} else {
		err = writeRoster(f.output, result.Text)
	}
	if err == nil {
		err = f.report(p, &result.Report)
	}
	if n := result.Report.Count(importer.LeftOut); err == nil && f.strict && n > 0 {
		findings := "1 finding of the report says so"
		if n > 1 {
			findings = fmt.Sprintf("%d findings of the report say so", n)
		}
		err = errors.New("--strict wants nothing left out, and " + findings + "; the roster was written all the same")
	}
	return err
}

// importJSON is the report for a script.
type importJSON struct {
	Roster string `json:"roster"`
	*importer.Report
}

func (f *importFlags) report(p process, r *importer.Report) error {
	if f.json {
		return printJSON(p.Out, importJSON{f.output, r})
	}
	name := f.output
	if name == "" {
		name = "FILE"
	}
	lines := append(r.Lines(), fmt.Sprintf("next: stormbell check --roster %s, then stormbell roster plan --config stormbell.yaml %[1]s", name))
	_, err := fmt.Fprintln(p.Err, strings.Join(lines, "\n"))
	return err
}

// exportFiles reads the files of an export: those that are named, those of a folder with
// an extension, and standard input. One that cannot be read says so.
func exportFiles(in io.Reader, paths []string, ext string) []importer.File {
	var files []importer.File
	for _, path := range paths {
		if path == "-" {
			files = append(files, exportFile("standard input", in))
			continue
		}
		info, err := os.Stat(path)
		switch {
		case err != nil:
			files = append(files, unreadable(path, err))
		case info.IsDir():
			files = append(files, exportFolder(path, ext)...)
		default:
			files = append(files, openExport(path))
		}
	}
	return files
}

// exportFolder reads the files of a folder, and of those within it, that have the extension.
func exportFolder(folder, ext string) []importer.File {
	var files []importer.File
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, d fs.DirEntry, err error) error {
		path := folder + "/" + name
		switch {
		case err != nil:
			files = append(files, unreadable(path, err))
		case !d.IsDir() && strings.HasSuffix(strings.ToLower(name), ext):
			files = append(files, openExport(path))
		}
		return nil
	})
	if err == nil && len(files) == 0 {
		files = append(files, importer.File{Name: folder, Refused: &importer.Refusal{File: folder, What: "there is no *" + ext + " in it", Mend: "check the path"}})
	}
	return files
}

func openExport(path string) importer.File {
	f, err := os.Open(path)
	if err != nil {
		return unreadable(path, err)
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return unreadable(path, err)
	}
	if before.Size() > importer.MaxFile {
		refusal := importer.Refusal{File: path, What: fmt.Sprintf("%d MiB", before.Size()>>20), Mend: "split it"}
		return importer.File{Name: path, Refused: &refusal}
	}
	file := exportFile(path, f)
	if file.Refused == nil && changedSince(before, path) {
		return importer.File{Name: path, Refused: &importer.Refusal{File: path, What: "it changed while it was read", Mend: "wait until it is written, and try again"}}
	}
	return file
}

// changedSince reports whether a path is another file by now, or has been written to: half
// of what is still being written can look like a whole.
func changedSince(before fs.FileInfo, path string) bool {
	now, err := os.Stat(path)
	return err != nil || !os.SameFile(before, now) || before.Mode().IsRegular() && (now.Size() != before.Size() || !now.ModTime().Equal(before.ModTime()))
}

// exportFile reads one file, and a little more than may be, so that it is seen to be too
// long.
func exportFile(name string, r io.Reader) importer.File {
	data, err := io.ReadAll(io.LimitReader(r, importer.MaxFile+1))
	if err != nil {
		return unreadable(name, err)
	}
	return importer.File{Name: name, Data: data}
}

func unreadable(path string, err error) importer.File {
	why, mend := err.Error(), "check the path"
	var at *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		why = "no such file"
	case errors.Is(err, fs.ErrPermission):
		why, mend = "no permission", "check who may read it"
	case errors.As(err, &at):
		why = at.Err.Error()
	}
	return importer.File{Name: path, Refused: &importer.Refusal{File: path, What: "cannot read it: " + why, Mend: mend}}
}

// targets is a flag that holds targets of a policy, one each time it is given.
type targets []rotation.Target

func (t *targets) String() string {
	var list []string
	for _, x := range *t {
		list = append(list, x.String())
	}
	return strings.Join(list, ",")
}

// Set reads kind:id.
func (t *targets) Set(s string) error {
	kind, id, ok := strings.Cut(s, ":")
	target := rotation.Target{Kind: rotation.TargetKind(kind), ID: strings.TrimPrefix(id, "#")}
	switch target.Kind {
	case rotation.TargetPerson, rotation.TargetRotation, rotation.TargetTeam, rotation.TargetChannel:
		if ok && target.ID != "" {
			*t = append(*t, target)
			return nil
		}
	}
	return fmt.Errorf("not a target, write it like channel:incidents, person:ada or team:payments")
}

func (*targets) Type() string { return "TARGET" }
