package configs

import "testing"

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int{"0": 0, "5MiB": 5 << 20, " 500 KiB ": 500 << 10, "1GiB": 1 << 30, "100B": 100,
		"5": -1, "-1MiB": -1, "2GiB": -1, "5MB": -1, "": -1, "MiB": -1, "5.5MiB": -1, "99999999999999999999KiB": -1} {
		got, err := ParseSize(text)
		if (err != nil) != (want < 0) || err == nil && int(got) != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
}
