package server

import (
	"errors"
	"net/url"
	"strings"
	"testing"
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
		"cursor=YW%0ARh":                       {}, // ada as well, to a decoder that skips line breaks
		"cursor=%00":                           {},
		"cursor=%zz":                           {},
		strings.Repeat("cursor=", 9):           {},
		"x=" + strings.Repeat("y", maxQuery-2): {"", DefaultLimit},
		"x=" + strings.Repeat("y", maxQuery-1): {},
		"x=" + strings.Repeat("'", maxQuery/3): {}, // three bytes each in a Link
	} {
		got, err := parsePage(query, isLower)
		_, isProblem := errors.AsType[*Problem](err)
		if got != want || isProblem != (want == page{}) {
			t.Errorf("parsePage(%q) = %+v, %v; want %+v", query, got, err, want)
		}
	}
}

func FuzzPage(f *testing.F) {
	for _, query := range []string{"", "limit=5", "cursor=YWRh", "cursor=YW\nRh", "limit=%31&a=b&a=c", "cursor=YWRh&cursor=Yg", "%", ";", "a=>,<"} {
		f.Add(query, "last")
	}
	f.Add("limit=1", "019cbf28-1100-7000-8000-000000000001")
	f.Add("x", "\xff\n")
	f.Fuzz(func(t *testing.T, query, last string) {
		p, err := parsePage(query, isLower)
		if err != nil {
			if problem, ok := errors.AsType[*Problem](err); !ok || problem.Status != 400 || len(problem.Detail) > 100 {
				t.Fatalf("parsePage(%q): %v", query, err)
			}
			return
		}
		if p.limit < 1 || p.limit > MaxLimit || p.after != "" && !isLower(p.after) {
			t.Fatalf("parsePage(%q) = %+v", query, p)
		}
		// A cursor that is accepted is the one that its id makes.
		if asked, _ := url.ParseQuery(query); asked.Get("cursor") != cursors.EncodeToString([]byte(p.after)) {
			t.Fatalf("parsePage(%q) = %+v, which has another cursor", query, p)
		}
		// The link to the next page asks for the same, but from the given id on.
		link := nextPage(&url.URL{Path: "/things", RawQuery: query}, last)
		target, ok := strings.CutSuffix(strings.TrimPrefix(link, "</things?"), `>; rel="next"`)
		if !ok || strings.ContainsAny(target, "<>\"\r\n ,;") {
			t.Fatalf("%q makes the link %s", query, link)
		}
		next, err := parsePage(target, func(id string) bool { return id == last })
		if want := (page{last, p.limit}); err != nil || next != want {
			t.Fatalf("%q makes the link %s to %+v, %v; want %+v", query, link, next, err, want)
		}
	})
}
