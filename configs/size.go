package configs

import (
	"fmt"
	"strconv"
	"strings"
)

// Size is a number of bytes.
type Size int

// sizeMost is the largest size that is taken: what a store should not hold.
const sizeMost = 1 << 30

// ParseSize reads 5MiB, 500KiB, 100B or 0.
func ParseSize(s string) (Size, error) {
	number, unit := strings.TrimSpace(s), 1
	for _, u := range []struct {
		name string
		size int
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"B", 1}} {
		if cut, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(cut), u.size
			break
		}
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n > sizeMost/unit || unit == 1 && n > 0 && !strings.HasSuffix(strings.TrimSpace(s), "B") {
		return 0, &valueError{fmt.Sprintf("%q is not a size", s), "write a number and a unit, such as 500KiB or 5MiB, up to 1GiB; 0B is nothing"}
	}
	return Size(n * unit), nil
}
