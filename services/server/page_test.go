package server

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func isLower(id string) bool { return id != "" && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz") == "" }

func TestPage(t *testing.T) {
	const largest = "9223372036854775808"
	for query, want := range map[string]page{
		"":                                     {"", DefaultLimit},
		"limit=1":                              {"", 1},
		"limit=100&x=y":                        {"", 100},
		"cursor=YWRh":                          {"ada", DefaultLimit},
		"limit=0":                              {},
		"limit=-1":                             {},
		"limit=101":                            {},
		"limit=" + largest:                     {},
		"limit=":                               {},
		"limit=ten":                            {},
		"limit=1.0":                            {},
		"cursor=":                              {},
		"cursor=ada":                           {},
		"cursor=QURB":                          {}, // ADA, which is no id
		"cursor=YWRh=":                         {},
		"cursor=YWRhYQ":                        {"adaa", DefaultLimit},
		"cursor=YWRhYR":                        {}, // adaa as well, with stray bits
		"cursor=YW%0ARh":                       {}, // ada as well, for a decoder that skips line breaks
		"cursor=%00":                           {},
		"cursor=%zz":                           {},
		strings.Repeat("cursor=", 9):           {},
		"x=" + strings.Repeat("y", maxQuery-2): {"", DefaultLimit},
		"x=" + strings.Repeat("y", maxQuery-1): {},
		"x=" + strings.Repeat("'", maxQuery/3): {}, // three bytes each in a Link
	} {
		got, err := parsePage(query, isLower)
		_, isProblem := errors.AsType[*Problem](err)
		assert.Equal(t, want, got, "%.100q", query)
		assert.Equal(t, want == page{}, isProblem, "%.100q is a problem: %v", query, err)
	}
}

func FuzzPage(f *testing.F) {
	for _, query := range []string{
		"", "limit=5", "cursor=YWRh", "cursor=YW\nRh", "limit=%31&a=b&a=c", "cursor=YWRh&cursor=Yg", "%", ";", "a=>,<",
	} {
		f.Add(query, "last")
	}
	f.Add("limit=1", "019cbf28-1100-7000-8000-000000000001")
	f.Add("x", "\xff\n")
	f.Fuzz(func(t *testing.T, query, last string) {
		p, err := parsePage(query, isLower)
		if err != nil {
			problem, ok := errors.AsType[*Problem](err)
			require.True(t, ok, "the error of %q is a problem: %v", query, err)
			require.Equal(t, 400, problem.Status, "%q", query)
			require.LessOrEqual(t, len(problem.Detail), 100, "%q", query)
			return
		}
		require.GreaterOrEqual(t, p.limit, 1, "%q", query)
		require.LessOrEqual(t, p.limit, MaxLimit, "%q", query)
		if p.after != "" {
			require.True(t, isLower(p.after), "%q starts after the id %q", query, p.after)
		}
		// A cursor that is accepted is the encoding of its id.
		values, err := url.ParseQuery(query)
		require.NoError(t, err, "%q", query)
		require.Equal(t, cursors.EncodeToString([]byte(p.after)), values.Get("cursor"), "%q", query)
		// The link to the next page has the same query, but starts after the given id.
		link := nextPage(&url.URL{Path: "/things", RawQuery: query}, last)
		target, ok := strings.CutSuffix(strings.TrimPrefix(link, "</things?"), `>; rel="next"`)
		require.True(t, ok, "%q makes the link %s", query, link)
		require.False(t, strings.ContainsAny(target, "<>\"\r\n ,;"), "%q makes the link %s", query, link)
		next, err := parsePage(target, func(id string) bool { return id == last })
		require.NoError(t, err, "%q makes the link %s", query, link)
		require.Equal(t, page{last, p.limit}, next, "%q makes the link %s", query, link)
	})
}
