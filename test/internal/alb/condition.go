package alb

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"example.com/strangler/test/internal/wildcard"
)

// Condition is one of [PathPattern], [HostHeader], [HTTPHeader],
// [HTTPRequestMethod], [QueryString] and [SourceIP]. Several values in one
// condition are alternatives: one that matches is enough.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
type Condition interface {
	matches(*request) bool
	values() []string
}

// PathPattern matches a path against patterns, in which * stands for any run of
// characters, slashes included, and ? for exactly one. Case matters. The path is
// compared without its query and after normalization: dot segments are resolved
// and needless percent-encoding is undone.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#path-conditions
type PathPattern []string

func (c PathPattern) matches(r *request) bool {
	return slices.ContainsFunc(c, func(pattern string) bool { return wildcard.MatchEscaped(pattern, r.path) })
}

func (c PathPattern) values() []string { return c }

// HostHeader matches the host name of a request. Case does not matter, * and ? are
// wildcards. The port of a Host header is left out of the comparison: AWS does not
// mention it, and a host name in a condition cannot hold one.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#host-conditions
type HostHeader []string

func (c HostHeader) matches(r *request) bool {
	return slices.ContainsFunc(c, func(pattern string) bool { return matchFold(pattern, r.host) })
}

func (c HostHeader) values() []string { return c }

// HTTPHeader matches a header field by its name and value. Case matters in
// neither; * and ? are wildcards in values. When a field occurs more than once, one
// occurrence that matches is enough. A request without the field never matches.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_HttpHeaderConditionConfig.html
type HTTPHeader struct {
	// Name is the field's name, in which there are no wildcards.
	Name string
	// Values are the patterns, each compared with a whole value.
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

// HTTPRequestMethod matches the method of a request. Case matters, and there are
// no wildcards.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#http-request-method-conditions
type HTTPRequestMethod []string

func (c HTTPRequestMethod) matches(r *request) bool { return slices.Contains(c, r.method) }

func (c HTTPRequestMethod) values() []string { return c }

// QueryString matches a query that holds one of the pairs.
type QueryString []QueryPair

// QueryPair is a key and its value in a query string. Case does not matter, * and
// ? are wildcards, and \* and \? stand for the characters themselves.
// Percent-encoding is decoded before the comparison; a plus sign stays a plus sign.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_QueryStringConditionConfig.html
type QueryPair struct {
	// Key is a pattern. Empty means any key.
	Key string
	// Value is a pattern.
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

// SourceIP matches the address that the client's TCP connection comes from. Behind
// a proxy this is the proxy's address: X-Forwarded-For does not count.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#source-ip-conditions
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

// matchFold matches a pattern and ignores case.
func matchFold(pattern, s string) bool {
	return wildcard.MatchEscaped(strings.ToLower(pattern), strings.ToLower(s))
}

// decoded undoes percent-encoding, and returns s as it is where that is malformed.
func decoded(s string) string {
	if unescaped, err := url.PathUnescape(s); err == nil {
		return unescaped
	}
	return s
}
