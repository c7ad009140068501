package configs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Load reads the configuration from the YAML file at path, from the variables
// in env (each NAME=VALUE, as [os.Environ] gives them), which override it, and
// from the defaults. An empty path means that there is no file.
//
// The error is nil or [Problems] with everything that is wrong. The Config is
// never nil: with Problems it holds what could be read, and only a caller who
// has looked at them (see [Problems.Present]) may use it.
func Load(path string, env []string) (*Config, error) {
	l, c := load(path, env)
	if len(l.problems) > 0 {
		return c, l.problems.sorted()
	}
	return c, nil
}

// Advice returns what is no problem, but better otherwise. It reads what [Load]
// reads.
func Advice(path string, env []string) Problems {
	l, _ := load(path, env)
	return l.advice.sorted()
}

func load(path string, env []string) (*loader, *Config) {
	l := gather(path, env)
	c := l.decode()
	l.normalise(c)
	l.validate(c)
	return l, c
}

// gather takes every setting from the file and the variables.
func gather(path string, env []string) *loader {
	l := newLoader(path)
	if path != "" {
		l.readFile()
	}
	l.readEnvironment(env)
	l.readTwins()
	return l
}

// setting is one key as somebody wrote it.
type setting struct {
	value    any    // string, []any of map[string]any for a list of keys, or nil for a key without a value
	line     int    // in the file; 0 when it comes from the environment
	items    []int  // lines of a list's elements
	variable string // where it came from, when not from the file
}

// loader collects settings and problems while a configuration is read.
type loader struct {
	path     string
	schema   schema
	settings map[string]setting // by key, twins included; the last source wins
	problems Problems
	advice   Problems     // what is no problem, but better otherwise
	files    []secretFile // in which secrets were found
}

func newLoader(path string) *loader {
	return &loader{path: path, schema: newSchema(), settings: map[string]setting{}}
}

// report adds a problem with a key, at the place where the key was written.
func (l *loader) report(key, what, mend string) {
	s, ok := l.settings[key]
	if !ok {
		s = l.settings[key+twin]
	}
	p := Problem{Key: key, What: what, Mend: mend, Line: s.line, Variable: s.variable}
	if s.variable == "" {
		p.File = l.path
	}
	l.problems = append(l.problems, p)
}

// reportItem is report for element i of a list.
func (l *loader) reportItem(key string, i int, what, mend string) {
	l.report(key, what, mend)
	p := &l.problems[len(l.problems)-1]
	p.Key = element(key, i)
	if items := l.settings[key].items; i < len(items) {
		p.Line = items[i]
	}
}

// missing adds a problem with a required key that is not set yet.
func (l *loader) missing(key, what, mend string) {
	l.report(key, what, mend)
	l.problems[len(l.problems)-1].Missing = true
}

// broken reports whether the key, or an element of it, has a problem already,
// so that nothing is said about a value that could not be read.
func (l *loader) broken(key string) bool {
	for _, p := range l.problems {
		if p.Key == key || p.Key == key+twin || strings.HasPrefix(p.Key, key+"[") {
			return true
		}
	}
	return false
}

// readEnvironment takes every STORMBELL_ variable. An empty one counts as unset.
func (l *loader) readEnvironment(env []string) {
	keys := make(map[string]string)
	for _, name := range l.schema.names() {
		keys[variable(name)] = name
	}
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, prefix) || value == "" || setByKubernetes(name) {
			continue
		}
		key := keys[name]
		k, isTwin, ok := l.schema.find(key)
		if !ok {
			l.problems = append(l.problems, l.unknownVariable(name))
			continue
		}
		if k.kind == groups {
			l.problems = append(l.problems, Problem{Variable: name, Key: key, What: "it cannot be set by a variable", Mend: groupParts[key].instead})
			continue
		}
		s := setting{value: value, variable: name}
		if k.kind == secrets && !isTwin {
			s.value = splitKeys(value)
		}
		if k.kind == names {
			s.value = splitNames(value)
		}
		l.settings[key] = s
	}
}

func (l *loader) unknownVariable(name string) Problem {
	var known []string
	for _, key := range l.schema.names() {
		if !l.schema.section(key) {
			known = append(known, strings.ReplaceAll(key, ".", "_"))
		}
	}
	p := Problem{Variable: name, What: "there is no such setting", Mend: "unset it"}
	if near := Nearest(strings.TrimPrefix(name, prefix), known); near != "" {
		p.Mend = "did you mean " + variable(near) + "?"
	}
	return p
}

// setByKubernetes reports whether name is a variable that Kubernetes sets in
// every pod for a Service with the name stormbell.
func setByKubernetes(name string) bool {
	rest := strings.TrimPrefix(name, prefix)
	return rest == "SERVICE_HOST" || rest == "PORT" || strings.HasPrefix(rest, "PORT_") ||
		rest == "SERVICE_PORT" || strings.HasPrefix(rest, "SERVICE_PORT_")
}

// readTwins replaces every KEY_file by the contents of its file.
func (l *loader) readTwins() {
	for _, k := range Keys() {
		name := k.Name
		s, ok := l.settings[name+twin]
		if !ok || s.value == nil {
			continue
		}
		if other, both := l.settings[name]; both && other.value != nil {
			l.report(name+twin, name+" is set as well ("+l.place(other)+")", "keep one of the two")
			continue
		}
		value, ok := l.readSecret(name+twin, s)
		if !ok {
			continue
		}
		read := setting{value: value, line: s.line, variable: s.variable}
		if k.kind == secrets {
			read.value = splitKeys(value)
		}
		l.settings[name] = read
	}
}

// place says where a setting was written.
func (l *loader) place(s setting) string {
	if s.variable != "" {
		return s.variable
	}
	return "line " + itoa(s.line)
}

// readSecret reads the file that a twin names, without the newline that editors
// leave at its end.
func (l *loader) readSecret(name string, s setting) (string, bool) {
	path, _ := s.value.(string)
	if s.variable == "" {
		path = l.beside(path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		l.report(name, "cannot read "+path+": "+plain(err), "check the path and who may read it")
		return "", false
	}
	l.readFrom(path, name, s)
	value := strings.TrimRight(string(raw), "\r\n")
	if value == "" {
		l.report(name, path+" is empty", "write the secret into it")
		return "", false
	}
	return value, true
}

// beside resolves a path that the file names: relative to the file's own folder,
// so that it means the same wherever the program is started.
func (l *loader) beside(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(l.path), path)
}

// splitKeys reads integration keys from one text: separated by commas or lines.
func splitKeys(s string) []any {
	var keys []any
	for _, key := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '\n' }) {
		if key = strings.TrimSpace(key); key != "" {
			keys = append(keys, map[string]any{"key": key})
		}
	}
	return keys
}

// plain says why a file could not be read.
func plain(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "this user may not read it"
	case errors.Is(err, syscall.EISDIR):
		return "it is a folder, not a file"
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
