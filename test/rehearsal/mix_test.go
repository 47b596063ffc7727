package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/traffic"
)

func many(n int, path, target string, each float64) []weighted {
	var all []weighted
	for i := range n {
		all = append(all, weighted{sent: sent{method: "GET", target: fmt.Sprintf(target, i)}, path: path, n: each})
	}
	return all
}

// Of many requests the most frequent of each shape are sent, as often as all of the shape.
func TestMostFrequent(t *testing.T) {
	all := many(1000, "/a/*", "/a/%d", 1)
	all[777].n = 5
	me := weighted{sent: sent{method: "GET", target: "/a/me"}, path: "/a/*", n: 500}
	rare := weighted{sent: sent{method: "GET", target: "/a/rare"}, path: "/a/*", n: 0.5}
	sent := mostFrequent(append(all, me, rare))
	require.Len(t, sent, mostRequests)
	counts := map[string]float64{}
	for _, c := range sent {
		counts[c.target] = c.n
	}
	assert.InDelta(t, 500, counts["/a/me"], 0.1)
	assert.InDelta(t, 0.5, counts["/a/rare"], 0.1, "the least frequent, of a shape of its own")
	assert.InDelta(t, 5, counts["/a/777"]/counts["/a/0"], 0.001, "the mix within a shape stays")
	assert.InDelta(t, 1504.5, sumOf(sent), 0.1, "what is left out is sent as others")
}

// A shape without a request that is sent counts for all others.
func TestManyShapes(t *testing.T) {
	var all []weighted
	for i := range 2 * mostRequests {
		all = append(all, many(1, "/a/*", fmt.Sprintf("/a/%c%c", 'a'+i/26, 'a'+i%26)+"%.0d", 3)...)
	}
	assert.InDelta(t, 6*mostRequests, sumOf(mostFrequent(all)), 0.1)
}

// A rare column is raised, and all others keep their mix.
func TestMix(t *testing.T) {
	common := append(many(1, "/a", "/a%.0d", 900_000), many(1, "/b", "/b%.0d", 99_990)...)
	mix, raised := mixOf(append(common, many(2, "/c", "/c?%d", 5)...))
	assert.Equal(t, []string{"/c: 10 of 1000000 requests, sent as 25000, so that each step has some"}, raised)
	counts := map[string]float64{}
	for _, c := range mix {
		counts[c.target] = c.n
	}
	assert.InDelta(t, mostWeight, sumOf(mix), 1)
	assert.InDelta(t, 900_000/99_990.0, counts["/a"]/counts["/b"], 0.001)
	assert.InDelta(t, counts["/c?0"], counts["/c?1"], 0.001)
	assert.InDelta(t, leastShare, (counts["/c?0"]+counts["/c?1"])/sumOf(mix), 0.002)

	var eighty []weighted
	for i := range 80 {
		eighty = append(eighty, many(1, fmt.Sprintf("/%d", i), "/%d", 1)...)
	}
	eighty[0].n = 1e6
	mix, raised = mixOf(eighty)
	assert.Len(t, raised, 79)
	assert.Greater(t, mix[0].n, sumOf(mix)/2, "what is raised stays below what is frequent")
}

// A step is judged by enough requests of the rarest column.
func TestEnough(t *testing.T) {
	kinds := traffic.Traffic{{Path: "/a", Weight: 97}, {Path: "/b", Weight: 1}, {Path: "/b", Weight: 1}, {Weight: 1}}
	assert.Equal(t, rarest*100, enoughOf(kinds))
	assert.Equal(t, rarest*50, enoughOf(append(kinds[:3:3], traffic.Kind{Path: "/a", Weight: 1})))
	r := &rehearsal{kinds: kinds, report: &Report{Rate: 100}}
	assert.InDelta(t, 14, r.watch(nil).Seconds(), 0.01)
}
