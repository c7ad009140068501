package configs

import (
	"os"
	"path/filepath"
	"runtime"
)

// secretFile is a file with a secret in it, and where it was named.
type secretFile struct {
	path string
	at   Problem // without words
}

// Exposed returns the files with secrets in them that every user of the machine
// can read or write: the configuration itself, and those that it or a variable
// names. It reads what [Load] reads, and says nothing about what Load reports.
func Exposed(path string, env []string) Problems {
	if runtime.GOOS == "windows" {
		return nil // the bits of a file's mode say nothing there
	}
	l := gather(path, env)
	var found Problems
	seen := map[string]bool{}
	for _, f := range l.files {
		if who := others(f.path); who != "" && !seen[f.path] {
			seen[f.path] = true
			f.at.What = "every user of this machine can " + who + " " + f.path + ", which holds a secret"
			f.at.Mend = "chmod 600 " + f.path
			found = append(found, f.at)
		}
	}
	return found.sorted()
}

// holdsSecret notes that the configuration itself has a secret in it.
func (l *loader) holdsSecret(key string, line int) {
	l.files = append(l.files, secretFile{l.path, Problem{File: l.path, Line: line, Key: key}})
}

// readFrom notes that a secret is read from a file of its own.
func (l *loader) readFrom(path, key string, s setting) {
	at := Problem{Key: key, Line: s.line, Variable: s.variable}
	if s.variable == "" {
		at.File = l.path
	}
	l.files = append(l.files, secretFile{path, at})
}

// others says what everybody may do with a file: "read", "change", or "" for
// nothing. A file in a folder that is closed to them is closed as well.
func others(path string) string {
	path, err := filepath.EvalSymlinks(path)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return "" // it could not be read either
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o006 == 0 {
		return ""
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o001 == 0 {
			return ""
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if info.Mode().Perm()&0o002 != 0 {
		return "change"
	}
	return "read"
}
