package main

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/parity"
)

// What every new item has of its own is no difference; all else is.
func TestMask(t *testing.T) {
	item := traffic.Item{ID: "id"}
	without := replay{writes: &item, differs: []string{"created", "version"}}.without()
	made := func(number int64, body string) parity.Answer {
		a := parity.Answer{
			Status: 201, Header: http.Header{"Location": {"/api/alpha/item-" + strconv.FormatInt(number, 10)}}, Body: []byte(body),
		}
		mask(&a, item, values{number: number})
		return a
	}
	one := made(7, `{"id":"item-7","name":"Item 7","of":7,"size":70,"created":"2030-01-01T00:00:00Z","version":1}`)
	for name, test := range map[string]struct {
		body string
		want []string
	}{
		"another item": {`{"id":"item-19","name":"Item 19","of":19,"size":70,"created":"2031-01-01T00:00:00Z","version":2}`, nil},
		"another field": {
			`{"id":"item-19","name":"Item 19","of":19,"size":70,"created":"2031-01-01T00:00:00Z","version":2,"more":1}`,
			[]string{"$.more: nothing and 1"},
		},
		"another value": {
			`{"id":"item-19","name":"Item 19","of":19,"size":190,"created":"2031-01-01T00:00:00Z","version":2}`, []string{"$.size: 70 and 190"},
		},
		"another's": {
			`{"id":"item-19","name":"Item 7","of":19,"size":70,"created":"2031-01-01T00:00:00Z","version":2}`,
			[]string{`$.name: "Item 0" and "Item 7"`},
		},
	} {
		assert.Equal(t, test.want, texts(parity.Differences(one, made(19, test.body), without)), name)
	}
	assert.NotEmpty(t, parity.Differences(one, made(19, "item 19"), without), "no JSON")
	// Both sides' items name the same other item, whose id may have digits of either number.
	naming := func(number int64, other string) parity.Answer {
		a := parity.Answer{Status: 201, Body: []byte(`{"id":"x","of":"` + other + `"}`)}
		mask(&a, item, values{number: number, others: map[string]values{"/api/beta": {id: "2030-7-19"}}})
		return a
	}
	assert.Empty(t, parity.Differences(naming(7, "2030-7-19"), naming(19, "2030-7-19"), without))
	assert.NotEmpty(t, parity.Differences(naming(7, "2030-7-19"), naming(19, "2030-7-20"), without))

	moved := made(19, `{"id":"item-19","name":"Item 19","of":19,"size":70}`)
	moved.Header.Set("Location", "/api/other/0")
	assert.Equal(t, []string{`Location: "/api/alpha/0" and "/api/other/0"`}, texts(parity.Differences(one, moved, without)))
}

// The load balancer's own cookies say nothing of the programs; theirs do.
func TestCookiesOfTheLoadBalancer(t *testing.T) {
	set := func(name string) parity.Answer {
		return parity.Answer{Header: http.Header{"Set-Cookie": {name + "=1; Path=/"}}}
	}
	for _, name := range []string{"AWSALB", "AWSALBCORS", "AWSALBTG", "AWSALBTGCORS"} {
		assert.Empty(t, parity.Differences(parity.Answer{}, set(name), replay{}.without()), name)
	}
	own := parity.Differences(parity.Answer{}, set("session"), replay{}.without())
	assert.Equal(t, []string{"Set-Cookie session: nothing and set"}, texts(own))
}

func texts(differences []parity.Difference) []string {
	var all []string
	for _, d := range differences {
		all = append(all, d.String())
	}
	return all
}

// The load goes on during a comparison: what changes on one side alone, between
// two requests to it, is no difference to the other. What it changes each time is left out,
// and said.
func TestCompareWhileTheLoadWrites(t *testing.T) {
	calls := 0
	resting := func(after int) func(string) (parity.Answer, error) {
		calls = 0
		return func(string) (parity.Answer, error) {
			calls++
			return parity.Answer{Body: fmt.Appendf(nil, `{"n":%d}`, min(calls, after))}, nil
		}
	}
	found, err := compare(nil, resting(7), "alpha", "legacy")
	require.NoError(t, err)
	assert.Equal(t, comparison{varying: parity.Places{}}, found, "an answer that rests after 7")
	assert.Equal(t, 9, calls)

	found, err = compare(nil, resting(1e6), "alpha", "legacy")
	require.NoError(t, err)
	assert.Equal(t, comparison{varying: parity.Places{"$.n": true}}, found, "one that never rests")
	assert.Equal(t, 3*attempts, calls)

	found, err = compare(nil, func(program string) (parity.Answer, error) {
		calls++
		return parity.Answer{Status: len(program), Body: fmt.Appendf(nil, `{"n":%d}`, calls)}, nil
	}, "alpha", "legacy")
	require.NoError(t, err)
	assert.Equal(t, []string{"status: 5 and 6"}, texts(found.differences), "with a difference besides")

	found, err = compare(parity.PlacesOf("n"), resting(1e6), "alpha", "legacy")
	require.NoError(t, err)
	assert.Equal(t, comparison{varying: parity.Places{}}, found, "one that the traffic names")

	_, err = compare(nil, func(string) (parity.Answer, error) { return parity.Answer{}, errors.New("cut") }, "alpha", "legacy")
	assert.EqualError(t, err, "cut")
}

// Both sides of a service get each kind of its requests, and what a client can do wrong.
func TestReplays(t *testing.T) {
	catalog, kinds, l := fixtureCatalog(t), fixtureKinds(t), newLedger()
	l.add("/api/alpha", values{number: 7, id: "item-7"})
	l.add("/api/beta", values{number: 8, id: "eight", others: map[string]values{"/api/alpha": {number: 7, id: "item-7"}}})
	targets, named := map[string][]string{}, 0
	for _, s := range catalog.Services {
		for _, r := range replaysOf(s, kinds, l, true) {
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
	for _, r := range replaysOf(catalog.Services[2], kinds, l, false) {
		assert.Contains(t, []string{"GET", "HEAD", "OPTIONS"}, r.method, "what is recorded is only read")
	}
	assert.Equal(t, 1, named)
}

// What has answered in a program's place says what to look at.
func TestAnotherAnswers(t *testing.T) {
	assert.Equal(t, "answered by the load balancer with status 502: the program has ended or broken the connection",
		another("orders", "", 502))
	assert.Equal(t, "answered by web: no path of orders in the catalog takes that", another("orders", "web", 200))
	assert.Empty(t, shown(""))
	assert.Equal(t, ` with the body "{\"unknown\":1}"`, shown(`{"unknown":1}`))
	assert.Len(t, shown(strings.Repeat("a", 100)), len(` with the body ""`)+60)
}
