package table_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/services/table"
)

func TestIDsSortByAge(t *testing.T) {
	// The ids of times that differ by a quarter of a microsecond or more are in order.
	const resolution = 245 * time.Nanosecond
	rapid.Check(t, func(t *rapid.T) {
		older := time.Unix(0, rapid.Int64Range(0, 1<<61).Draw(t, "older"))
		newer := older.Add(resolution + time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "age")))
		first, second := table.NewID(older), table.NewID(newer)
		require.True(t, table.IsID(first), first)
		require.True(t, table.IsID(second), second)
		require.Less(t, first, second, "%s and %s", older, newer)
	})
}

func TestIDsDiffer(t *testing.T) {
	now, seen := time.Now(), map[string]bool{}
	for range 1000 {
		seen[table.NewID(now)] = true
	}
	assert.Len(t, seen, 1000, "distinct ids of one moment")
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
		require.Len(t, s, 36)
		require.Equal(t, "7", s[14:15], "the version of %s", s)
		// An id begins with a time, and an id of that time has the same beginning.
		millis, err := strconv.ParseInt(s[:8]+s[9:13], 16, 64)
		require.NoError(t, err)
		assert.Equal(t, s[:13], table.NewID(time.UnixMilli(millis))[:13])
	})
}
