package main

import (
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// openBrowser opens an address in the system's browser, where there is one.
// Whether it worked, its user sees.
func openBrowser(address string, env []string) {
	words := browserCommand(runtime.GOOS, env)
	if words == nil {
		return
	}
	cmd := exec.Command(words[0], append(words[1:], address)...)
	cmd.Env = env
	if cmd.Start() == nil {
		_ = cmd.Process.Release() // it may stay as long as the browser does
	}
}

// browserCommand returns what opens an address on a system, without the
// address; nil where nobody would see it.
func browserCommand(system string, env []string) []string {
	set := func(name string) bool {
		return slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, name+"=") && v != name+"=" })
	}
	switch {
	case set("CI"):
		return nil
	case system == "darwin":
		return []string{"open"}
	case system == "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler"}
	case set("DISPLAY") || set("WAYLAND_DISPLAY"):
		return []string{"xdg-open"}
	}
	return nil
}
