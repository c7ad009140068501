// Package pattern is regular expressions that are compiled when they are first used. The
// program has more than a hundred and each of its commands uses a few: to compile them all
// was a third of what the start of a command took. Its one noun is the [Pattern]. It refuses
// to know what an expression is for.
package pattern

import (
	"regexp"
	"sync"
)

// A Pattern is a regular expression. Its methods are those of [regexp.Regexp], and it can be
// used by many goroutines at once.
type Pattern struct {
	expression string
	once       sync.Once
	compiled   *regexp.Regexp
}

// New returns the pattern of an expression. It is compiled at the first use, which panics if
// that is not possible; house_test.go compiles every one that stands in the program.
func New(expression string) *Pattern { return &Pattern{expression: expression} }

func (p *Pattern) re() *regexp.Regexp {
	p.once.Do(func() { p.compiled = regexp.MustCompile(p.expression) })
	return p.compiled
}

// MatchString is as in [regexp.Regexp].
func (p *Pattern) MatchString(s string) bool { return p.re().MatchString(s) }

// Match is as in [regexp.Regexp].
func (p *Pattern) Match(b []byte) bool { return p.re().Match(b) }

// FindString is as in [regexp.Regexp].
func (p *Pattern) FindString(s string) string { return p.re().FindString(s) }

// FindStringSubmatch is as in [regexp.Regexp].
func (p *Pattern) FindStringSubmatch(s string) []string { return p.re().FindStringSubmatch(s) }

// FindStringSubmatchIndex is as in [regexp.Regexp].
func (p *Pattern) FindStringSubmatchIndex(s string) []int { return p.re().FindStringSubmatchIndex(s) }

// FindSubmatch is as in [regexp.Regexp].
func (p *Pattern) FindSubmatch(b []byte) [][]byte { return p.re().FindSubmatch(b) }

// FindAllString is as in [regexp.Regexp].
func (p *Pattern) FindAllString(s string, n int) []string { return p.re().FindAllString(s, n) }

// FindAllStringIndex is as in [regexp.Regexp].
func (p *Pattern) FindAllStringIndex(s string, n int) [][]int { return p.re().FindAllStringIndex(s, n) }

// FindAllStringSubmatch is as in [regexp.Regexp].
func (p *Pattern) FindAllStringSubmatch(s string, n int) [][]string {
	return p.re().FindAllStringSubmatch(s, n)
}

// FindAllStringSubmatchIndex is as in [regexp.Regexp].
func (p *Pattern) FindAllStringSubmatchIndex(s string, n int) [][]int {
	return p.re().FindAllStringSubmatchIndex(s, n)
}

// Split is as in [regexp.Regexp].
func (p *Pattern) Split(s string, n int) []string { return p.re().Split(s, n) }

// ReplaceAllString is as in [regexp.Regexp].
func (p *Pattern) ReplaceAllString(s, with string) string { return p.re().ReplaceAllString(s, with) }

// ReplaceAllStringFunc is as in [regexp.Regexp].
func (p *Pattern) ReplaceAllStringFunc(s string, with func(string) string) string {
	return p.re().ReplaceAllStringFunc(s, with)
}

// FindAllSubmatch is as in [regexp.Regexp].
func (p *Pattern) FindAllSubmatch(b []byte, n int) [][][]byte { return p.re().FindAllSubmatch(b, n) }

// String is the expression.
func (p *Pattern) String() string { return p.expression }
