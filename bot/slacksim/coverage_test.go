package slacksim

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"
)

// referenceDir is where the reference data about Slack lies, outside the
// repository.
var referenceDir = filepath.Join("..", "..", "..", "shared", "design", "data", "slack")

// coverageFloor is how many per cent of the documented error codes of the
// implemented methods this package's tests provoke, at least. The rest needs
// an Enterprise Grid, Slack Connect, other services' files, or Slack's own
// trouble: a test gets those through Fault.Error.
const coverageFloor = 57

// provoked collects every method and error code that any test got without a
// fault; bubbles add to it when they end.
var provoked = struct {
	sync.Mutex
	codes map[string]bool
}{codes: map[string]bool{}}

func recordRefusals(w *Workspace) {
	provoked.Lock()
	defer provoked.Unlock()
	for _, c := range w.Calls(0) {
		if c.Kind == "api" && c.Error != "" && !strings.HasPrefix(c.Verdict, "fault") {
			provoked.codes[c.Method+" "+c.Error] = true
		}
	}
}

// TestMain measures the error coverage after a whole run.
func TestMain(m *testing.M) {
	code := m.Run()
	whole := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.fuzz").Value.String() == "" &&
		flag.Lookup("test.skip").Value.String() == "" && flag.Lookup("test.list").Value.String() == ""
	if code == 0 && whole {
		code = checkCoverage()
	}
	os.Exit(code)
}

func checkCoverage() int {
	documented, err := documentedCodes()
	if err != nil {
		fmt.Println("error coverage:", err)
		return 1
	}
	if len(documented) == 0 {
		fmt.Println("error coverage: not measured, the reference data about Slack is not here")
		return 0
	}
	got := 0
	var missing []string
	for _, key := range documented {
		if provoked.codes[key] {
			got++
		} else {
			missing = append(missing, key)
		}
	}
	percent := 100 * got / len(documented)
	if percent < coverageFloor || testing.Verbose() {
		fmt.Printf("error codes never provoked:\n  %s\n", strings.Join(missing, "\n  "))
	}
	fmt.Printf("error coverage: %d of %d documented codes of implemented methods (%d %%)\n", got, len(documented), percent)
	if percent < coverageFloor {
		fmt.Printf("error coverage fell under %d %%\n", coverageFloor)
		return 1
	}
	return 0
}

// documentedCodes lists "method code" for every implemented method.
func documentedCodes() ([]string, error) {
	var out []string
	for name := range methodTable() {
		data, err := os.ReadFile(filepath.Join(referenceDir, "methods", name+".json"))
		if os.IsNotExist(err) {
			continue // the sample has not every method
		}
		if err != nil {
			return nil, err
		}
		var doc struct {
			Errors map[string]any `json:"errors"`
		}
		if err := json.Unmarshal(data, &doc); err != nil {
			return nil, fmt.Errorf("%s: %v", name, err)
		}
		for code := range doc.Errors {
			out = append(out, name+" "+code)
		}
	}
	sort.Strings(out)
	return out, nil
}
