package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// keptFile is what the command reads of a file in an answer.
type keptFile struct {
	Entry int    `json:"entry"`
	File  int    `json:"file"`
	Name  string `json:"name"`
	Size  int    `json:"size"`
	Why   string `json:"why"` // it is not kept
}

// saveAs is the name of the file in a folder: its numbers, and its own name as far as it
// can be one.
func (f keptFile) saveAs() string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, f.Name)
	if r := []rune(name); len(r) > 100 {
		name = string(r[len(r)-100:])
	}
	return fmt.Sprintf("%d-%d-%s", f.Entry, f.File, name)
}

func filesCommand(p process) *cobra.Command {
	var flags operatorFlags
	var out string
	cmd := &cobra.Command{
		Use:   "files INC-N --config FILE [--out FOLDER] [--json]",
		Short: "The files of the messages in its timeline",
		Long: "Lists the files of the messages that people marked for the timeline. With --out those\n" +
			"that are kept are saved in a folder, each as ENTRY-FILE-NAME; a file that is there\n" +
			"already is left as it is.\n",
		Args: exactly("INC-N"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.files(cmd, p, args[0], out)
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&out, "out", "", "the `FOLDER` to save them in")
	return cmd
}

func (f *operatorFlags) files(cmd *cobra.Command, p process, word, out string) error {
	name, err := incidentName(cmd, word)
	if err != nil {
		return err
	}
	o, err := f.operator(cmd, p.Env)
	if err != nil {
		return err
	}
	path := "/v1/incidents/" + name + "/files"
	answer, err := o.get(cmd.Context(), path, nil)
	if err != nil {
		return err
	}
	var list struct {
		Files []keptFile `json:"files"`
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return fmt.Errorf("read answer: %v", err)
	}
	if out != "" {
		for _, k := range list.Files {
			if k.Why != "" {
				continue
			}
			content, err := o.get(cmd.Context(), fmt.Sprintf("%s/%d/%d", path, k.Entry, k.File), nil)
			if err != nil {
				return err
			}
			if err := saveNew(filepath.Join(out, k.saveAs()), content); err != nil {
				return err
			}
		}
	}
	return f.write(p.Out, answer, func() error { return printFiles(p.Out, list.Files) })
}

// saveNew writes a file, unless there is one.
func saveNew(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return errors.Join(err, w.Close())
}

func printFiles(out io.Writer, files []keptFile) error {
	if len(files) == 0 {
		_, err := fmt.Fprintln(out, "There are no files.")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ENTRY\tFILE\tBYTES\tNAME")
	for _, f := range files {
		name := f.Name
		if f.Why != "" {
			name += " (not kept: " + f.Why + ")"
		}
		fmt.Fprintf(w, "%d\t%d\t%d\t%s\n", f.Entry, f.File, f.Size, name)
	}
	return w.Flush()
}
