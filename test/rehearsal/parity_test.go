package main

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/traffic"
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
		assert.Equal(t, test.want, a.differs(test.b), name)
	}
}

// What every new item has of its own is no difference; all else is.
func TestMask(t *testing.T) {
	item := traffic.Item{ID: "id", Differs: []string{"created", "version"}}
	made := func(number int64, body string) answer {
		a := answer{
			status: 201, header: map[string][]string{"Location": {"/api/alpha/item-" + strconv.FormatInt(number, 10)}, "Content-Length": {"9"}},
			body: body,
		}
		a.mask(item, values{number: number})
		return a
	}
	one := made(7, `{"id":"item-7","name":"Item 7","size":70,"created":"2030-01-01T00:00:00Z","version":1}`)
	for name, test := range map[string]struct {
		body string
		same bool
	}{
		"another item":  {`{"id":"item-19","name":"Item 19","size":70,"created":"2031-01-01T00:00:00Z","version":2}`, true},
		"another field": {`{"id":"item-19","name":"Item 19","size":70,"created":"2031-01-01T00:00:00Z","version":2,"more":1}`, false},
		"another value": {`{"id":"item-19","name":"Item 19","size":190,"created":"2031-01-01T00:00:00Z","version":2}`, false},
		"another's":     {`{"id":"item-19","name":"Item 7","size":70,"created":"2031-01-01T00:00:00Z","version":2}`, false},
		"no JSON":       {`item 19`, false},
	} {
		if difference := one.differs(made(19, test.body)); test.same {
			assert.Empty(t, difference, name)
		} else {
			assert.NotEmpty(t, difference, name)
		}
	}
	// Both sides' items name the same other item, whose id may have digits of either number.
	naming := func(number int64, other string) answer {
		a := answer{status: 201, body: `{"id":"x","of":"` + other + `"}`}
		a.mask(item, values{number: number, others: map[string]values{"/api/beta": {id: "2030-7-19"}}})
		return a
	}
	assert.Empty(t, naming(7, "2030-7-19").differs(naming(19, "2030-7-19")))
	assert.NotEmpty(t, naming(7, "2030-7-19").differs(naming(19, "2030-7-20")))

	moved := made(19, `{"id":"item-19","name":"Item 19","size":70,"created":"2031-01-01T00:00:00Z","version":2}`)
	moved.header.Set("Location", "/api/other/…")
	assert.Contains(t, one.differs(moved), "Location")
}

// The load goes on during a comparison: what changes on one side alone, between
// two requests to it, is no difference to the other.
func TestCompareWhileTheLoadWrites(t *testing.T) {
	calls := 0
	counting := func(from int) func(string) (answer, error) {
		calls = 0
		return func(string) (answer, error) {
			calls++
			return answer{status: 200, body: strconv.Itoa(min(calls, from))}, nil
		}
	}
	difference, err := compare("alpha", "legacy", counting(7))
	require.NoError(t, err)
	assert.Empty(t, difference, "an answer that rests after 7")
	assert.Equal(t, 9, calls)

	difference, err = compare("alpha", "legacy", counting(1e6))
	require.NoError(t, err)
	assert.Contains(t, difference, "does not answer twice alike")

	difference, err = compare("alpha", "legacy", func(program string) (answer, error) { return answer{status: len(program)}, nil })
	require.NoError(t, err)
	assert.Equal(t, "status 5 and 6", difference)

	_, err = compare("alpha", "legacy", func(string) (answer, error) { return answer{}, errors.New("cut") })
	assert.EqualError(t, err, "cut")
}

// Both sides of a service get each kind of its requests, and what a client can do wrong.
func TestReplays(t *testing.T) {
	catalog, kinds, l := fixtureCatalog(t), fixtureKinds(t), newLedger()
	l.add("/api/alpha", values{number: 7, id: "item-7"})
	l.add("/api/beta", values{number: 8, id: "eight", others: map[string]values{"/api/alpha": {number: 7, id: "item-7"}}})
	targets, named := map[string][]string{}, 0
	for _, s := range catalog.Services {
		for _, r := range replaysOf(s, kinds, l) {
			targets[s.Name] = append(targets[s.Name], r.method+" "+r.target)
			if strings.Contains(r.body, "{{id:/api/alpha}}") {
				assert.Equal(t, "item-7", r.others["/api/alpha"].id, "the same item for both sides")
				named++
			}
		}
	}
	assert.Subset(t, targets["alpha"], []string{"GET /api/alpha/item-7", "POST /api/alpha", "GET /api/alpha?limit=x", "HEAD /api/alpha"})
	assert.Subset(t, targets["beta"], []string{"GET /api/beta/in-group/group-8", "GET /api/beta/of/item-7", "DELETE /api/beta"})
	assert.Subset(t, targets["gamma"], []string{"GET /files/a/b", "GET /files/a/b?limit=2", "PUT /files/a/b"})
	assert.Len(t, targets["gamma"], 18)
	assert.NotContains(t, targets["alpha"], "GET /api/alphabet")
	assert.Equal(t, 1, named)
}
