package alb

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Condition is one of [PathPattern], [HostHeader], [HTTPHeader],
// [HTTPRequestMethod], [QueryString] and [SourceIP]. Several values in one
// condition are alternatives.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
type Condition interface {
	matches(*request) bool
	values() []string
}

// PathPattern is met by a path that matches one of the patterns, in which *
// stands for any run of characters, slashes included, and ? for exactly one.
// Case matters. The query is no part of the path, and the path is normalized
// first: dot segments are resolved and needless percent-encoding is undone.
type PathPattern []string

func (c PathPattern) matches(r *request) bool {
	return slices.ContainsFunc(c, func(pattern string) bool { return matchWildcard(pattern, r.path) })
}

func (c PathPattern) values() []string { return c }

// HostHeader is met by a request to one of the host names. Case does not matter,
// * and ? are wildcards. AWS does not mention the port in a Host header; since a
// host name in a condition cannot hold one, it is left out of the comparison.
type HostHeader []string

func (c HostHeader) matches(r *request) bool {
	return slices.ContainsFunc(c, func(pattern string) bool { return matchFold(pattern, r.host) })
}

func (c HostHeader) values() []string { return c }

// HTTPHeader is met by a request with a header field of that name and one of the
// values. Case matters in neither, * and ? are wildcards in values. When a field
// occurs more than once, one occurrence that matches is enough.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_HttpHeaderConditionConfig.html
type HTTPHeader struct {
	Name   string
	Values []string
}

func (c HTTPHeader) matches(r *request) bool {
	for _, value := range r.header.Values(c.Name) {
		if slices.ContainsFunc(c.Values, func(pattern string) bool { return matchFold(pattern, value) }) {
			return true
		}
	}
	return false
}

func (c HTTPHeader) values() []string { return c.Values }

// HTTPRequestMethod is met by one of the methods. Case matters, there are no wildcards.
type HTTPRequestMethod []string

func (c HTTPRequestMethod) matches(r *request) bool { return slices.Contains(c, r.method) }

func (c HTTPRequestMethod) values() []string { return c }

// QueryString is met by a query that holds one of the pairs.
type QueryString []QueryPair

// QueryPair is a key and its value in a query string. Case does not matter, *
// and ? are wildcards, \* and \? the characters themselves. Percent-encoding is
// undone before the comparison; a plus sign stays one.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_QueryStringConditionConfig.html
type QueryPair struct {
	// Key may be empty: then any key will do.
	Key   string
	Value string
}

func (c QueryString) matches(r *request) bool {
	for pair := range strings.SplitSeq(r.query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if pair != "" && slices.ContainsFunc(c, func(want QueryPair) bool {
			return (want.Key == "" || matchFold(want.Key, decoded(key))) && matchFold(want.Value, decoded(value))
		}) {
			return true
		}
	}
	return false
}

func (c QueryString) values() []string {
	var values []string
	for _, pair := range c {
		values = append(values, pair.Key+"="+pair.Value)
	}
	return values
}

// SourceIP is met by a client whose TCP connection comes from one of the blocks.
// Behind a proxy that is the proxy's address: X-Forwarded-For does not count.
type SourceIP []netip.Prefix

func (c SourceIP) matches(r *request) bool {
	return slices.ContainsFunc(c, func(block netip.Prefix) bool { return block.Contains(r.source) })
}

func (c SourceIP) values() []string {
	var values []string
	for _, block := range c {
		values = append(values, block.String())
	}
	return values
}

func matchFold(pattern, s string) bool {
	return matchWildcard(strings.ToLower(pattern), strings.ToLower(s))
}

func decoded(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}
