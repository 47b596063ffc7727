package table_test

import (
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/strangler/services/table"
)

func TestIDsSortByAge(t *testing.T) {
	// An id tells times apart that differ by a quarter of a microsecond or more.
	const resolution = 245 * time.Nanosecond
	rapid.Check(t, func(t *rapid.T) {
		older := time.Unix(0, rapid.Int64Range(0, 1<<61).Draw(t, "older"))
		newer := older.Add(resolution + time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "age")))
		first, second := table.NewID(older), table.NewID(newer)
		if !table.IsID(first) || !table.IsID(second) || first >= second {
			t.Fatalf("%s at %s, %s at %s", first, older, second, newer)
		}
	})
}

func TestIDsDiffer(t *testing.T) {
	now, seen := time.Now(), map[string]bool{}
	for range 1000 {
		seen[table.NewID(now)] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d of 1000 ids of one moment are distinct", len(seen))
	}
}

func FuzzIsID(f *testing.F) {
	for _, s := range []string{
		"", "0198c0de-0000-7000-8000-000000000000", "0198C0DE-0000-7000-8000-000000000000",
		"0198c0de-0000-4000-8000-000000000000", "0198c0de-0000-7000-8000-000000000000\n",
		"ffffffff-ffff-7fff-bfff-ffffffffffff", table.NewID(time.Now()),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !table.IsID(s) {
			return
		}
		if len(s) != 36 || s[14] != '7' {
			t.Fatalf("%q passes for a UUIDv7", s)
		}
		// It begins with a time, and that time makes an id that begins alike.
		millis, err := strconv.ParseInt(s[:8]+s[9:13], 16, 64)
		if made := table.NewID(time.UnixMilli(millis)); err != nil || made[:13] != s[:13] {
			t.Errorf("%s is of the time %d, %v, and that makes %s", s, millis, err, made)
		}
	})
}
