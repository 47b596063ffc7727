package main

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

// A service that gives another answer than the monolith is found out while it is
// still dark.
func TestParityFindsDifferences(t *testing.T) {
	for name, test := range map[string]struct {
		b    answer
		want string
	}{
		"the same": {answer{200, map[string][]string{"Link": {"x"}}, "[]"}, ""},
		"status":   {answer{201, map[string][]string{"Link": {"x"}}, "[]"}, "status 200 and 201"},
		"header":   {answer{200, nil, "[]"}, `Link: ["x"] and []`},
		"another":  {answer{200, map[string][]string{"Link": {"x"}, "Etag": {"y"}}, "[]"}, `Etag: [] and ["y"]`},
		"body":     {answer{200, map[string][]string{"Link": {"x"}}, "{}"}, `body "[]" and "{}"`},
	} {
		a := answer{200, map[string][]string{"Link": {"x"}}, "[]"}
		if got := a.differs(test.b); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// What every new item has of its own is no difference; all else is.
func TestMask(t *testing.T) {
	made := func(body string) answer {
		a := answer{status: 201, header: map[string][]string{"Location": {"/api/users/visitor-7"}, "Content-Length": {"9"}}, body: body}
		a.mask()
		return a
	}
	one := made(`{"id":"visitor-7","name":"Visitor 7","created":"2030-01-01T00:00:00Z"}`)
	if d := one.differs(made(`{"id":"visitor-19","name":"Visitor 19","created":"2031-01-01T00:00:00Z"}`)); d != "" {
		t.Error(d)
	}
	if d := one.differs(made(`{"id":"visitor-7","name":"Visitor 7","created":"2030-01-01T00:00:00Z","more":1}`)); d == "" {
		t.Error("another field is no difference")
	}
}

// The load goes on during a comparison: what changes on one side alone, between
// two questions to it, is no difference to the other.
func TestCompareWhileTheLoadWrites(t *testing.T) {
	calls := 0
	counting := func(from int) func(string) (answer, error) {
		calls = 0
		return func(string) (answer, error) {
			calls++
			return answer{status: 200, body: strconv.Itoa(min(calls, from))}, nil
		}
	}
	if d, err := compare("users", "monolith", counting(7)); d != "" || err != nil || calls != 9 {
		t.Errorf("an answer that rests after 7: %q, %v after %d calls", d, err, calls)
	}
	if d, _ := compare("users", "monolith", counting(1e6)); !strings.Contains(d, "does not answer twice alike") {
		t.Errorf("an answer that never rests: %q", d)
	}
	if d, _ := compare("users", "monolith", func(program string) (answer, error) { return answer{status: len(program)}, nil }); d != "status 5 and 8" {
		t.Errorf("two sides that differ: %q", d)
	}
	if _, err := compare("users", "monolith", func(string) (answer, error) { return answer{}, errors.New("cut") }); err == nil {
		t.Error("no answer is taken for one")
	}
}
