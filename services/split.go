package services

import (
	"slices"
	"strings"
)

// Quotas of one rule.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
const (
	maxValuesPerRule      = 5
	maxValuesPerCondition = 3
	maxWildcardsPerRule   = 5
)

// split returns rules that together match what r matches, each with as many values as a
// rule takes. Hosts, verbs and sources stay together as far as there is room for a path
// beside them, so that another path at the end changes no rule but the last.
func (r Rule) split() []Rule {
	hosts, verbs, sources, paths := r.room()
	hostChunks := chunksOf(r.Hosts, hosts, maxWildcardsPerRule-mostWildcards(chunksOf(r.Paths, 1, 0)))
	var rules []Rule
	for _, path := range chunksOf(r.Paths, paths, maxWildcardsPerRule-mostWildcards(hostChunks)) {
		for _, host := range hostChunks {
			for _, verb := range chunksOf(r.Verbs, verbs, maxWildcardsPerRule) {
				for _, source := range chunksOf(r.Sources, sources, maxWildcardsPerRule) {
					part := r
					part.Paths, part.Hosts, part.Verbs, part.Sources = path, host, verb, source
					rules = append(rules, part)
				}
			}
		}
	}
	return rules
}

// room divides the values that a rule takes between its conditions. The longest
// condition gives way first.
func (r Rule) room() (hosts, verbs, sources, paths int) {
	hosts = min(len(r.Hosts), maxValuesPerCondition)
	verbs = min(len(r.Verbs), maxValuesPerCondition)
	sources = min(len(r.Sources), maxValuesPerCondition)
	left := func() int { return maxValuesPerRule - len(r.headers()) - hosts - verbs - sources }
	for left() < 1 {
		switch longest := max(hosts, verbs, sources); longest {
		case sources:
			sources--
		case verbs:
			verbs--
		default:
			hosts--
		}
	}
	return hosts, verbs, sources, min(left(), maxValuesPerCondition)
}

// headers are the values of the rule's header condition.
func (r Rule) headers() []string {
	if r.RouteTo == "" {
		return nil
	}
	return []string{r.RouteTo}
}

// chunksOf divides values into lists of at most size, each with at most so many wildcards
// unless one value has more. No values are one empty list.
func chunksOf(values []string, size, wildcards int) [][]string {
	chunks := [][]string{nil}
	for _, v := range values {
		last := &chunks[len(chunks)-1]
		if len(*last) == size || len(*last) > 0 && countWildcards(append(slices.Clone(*last), v)) > wildcards {
			chunks = append(chunks, nil)
			last = &chunks[len(chunks)-1]
		}
		*last = append(*last, v)
	}
	return chunks
}

// mostWildcards are those of the list that has the most.
func mostWildcards(lists [][]string) int {
	most := 0
	for _, values := range lists {
		most = max(most, countWildcards(values))
	}
	return most
}

func countWildcards(values []string) int {
	n := 0
	for _, v := range values {
		n += strings.Count(v, "*") + strings.Count(v, "?")
	}
	return n
}
