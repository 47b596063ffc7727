package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

const (
	// mostRequests is how many different requests of one column of the report are sent at most.
	mostRequests = 200
	// mostWeight is what the weights of all requests are scaled to when they are more together.
	mostWeight = 20_000
	// leastShare is the part of all requests that those of a column are raised to, so that a
	// step need not last for hours to have some.
	leastShare = 1.0 / 40
)

// weighted is a request with the path that it counts for, the name of its route, and how often
// it is sent.
type weighted struct {
	sent
	path, route string
	n           float64
}

// column is where the report has the request.
func (c weighted) column() string { return columnOf(cmp.Or(c.path, elsewhere), c.route) }

// varying is a part of a path that is likely one of many, as it has a digit.
var varying = regexp.MustCompile(`[^/]*[0-9][^/]*`)

// shape is the same for requests that differ in a number or an id of the path, in the query,
// or in a header.
func (c weighted) shape() string {
	path, _, _ := strings.Cut(c.target, "?")
	return c.method + " " + c.host + varying.ReplaceAllString(path, "*")
}

// mixOf are the requests that are sent and how often, with a line for each column that is
// raised.
func mixOf(requests []weighted) (mix []weighted, raised []string) {
	columns := map[string][]weighted{}
	for _, c := range requests {
		columns[c.column()] = append(columns[c.column()], c)
	}
	names := slices.Sorted(maps.Keys(columns))
	for _, name := range names {
		columns[name] = mostFrequent(columns[name])
	}
	raised = raise(columns)
	for _, name := range names {
		mix = append(mix, columns[name]...)
	}
	if sum := sumOf(mix); sum > mostWeight {
		scale(mix, mostWeight/sum)
	}
	return mix, raised
}

// mostFrequent are the requests of a column that are sent: of each shape the most frequent one
// first, then the second of each. They are sent in the place of the others, those of a shape in
// the place of the same shape's.
func mostFrequent(all []weighted) []weighted {
	slices.SortFunc(all, func(a, b weighted) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(fmt.Sprint(a.sent), fmt.Sprint(b.sent)))
	})
	ranks, seen := map[sent]int{}, map[string]int{}
	for _, c := range all {
		ranks[c.sent] = seen[c.shape()]
		seen[c.shape()]++
	}
	slices.SortStableFunc(all, func(a, b weighted) int { return cmp.Compare(ranks[a.sent], ranks[b.sent]) })
	if len(all) <= mostRequests {
		return all
	}
	wanted, kept := sumOf(all), slices.Clone(all[:mostRequests])
	of, left := byShape(all), byShape(kept)
	for i, c := range kept {
		kept[i].n *= of[c.shape()] / left[c.shape()]
	}
	scale(kept, wanted/sumOf(kept))
	return kept
}

// raise sends the requests of each column at least as often as leastShare says, or
// with more than twenty columns as half of their equal share.
func raise(columns map[string][]weighted) (raised []string) {
	total := 0.0
	for _, own := range columns {
		total += sumOf(own)
	}
	least := total * min(leastShare, 1/float64(2*len(columns)))
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		if sum := sumOf(columns[name]); sum < least {
			raised = append(raised, fmt.Sprintf("%s: %.0f of %.0f requests, sent as %.0f, so that each step has some", name, sum, total, least))
			scale(columns[name], least/sum)
		}
	}
	return raised
}

func byShape(requests []weighted) map[string]float64 {
	sums := map[string]float64{}
	for _, c := range requests {
		sums[c.shape()] += c.n
	}
	return sums
}

func sumOf(requests []weighted) float64 {
	sum := 0.0
	for _, c := range requests {
		sum += c.n
	}
	return sum
}

func scale(requests []weighted, by float64) {
	for i := range requests {
		requests[i].n *= by
	}
}
