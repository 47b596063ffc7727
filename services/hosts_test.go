package services

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestLintHosts(t *testing.T) {
	c := completed(t)
	c.Services[1].Routes = []Route{
		{Name: "reads", Paths: []string{"/a"}, Hosts: []string{"www.example.com"}},
		{Paths: []string{"/b"}, Hosts: []string{"*.shop.net", "B.org"}},
	}
	for _, domains := range [][]string{
		nil, {"www.example.com", "eu.shop.net", "b.org"}, {"*.example.com", "*.shop.net", "b.org"},
		{"x.com", "www.example.com", "a.b.shop.net", "b.org"},
	} {
		assert.NoError(t, LintHosts(c, domains), domains)
	}
	const remedy = `), so that its clients get a certificate error: add it to domains, or change it in the catalog`
	assert.EqualError(t, LintHosts(c, []string{"example.com", "b.org"}),
		`services: "beta" has a route for the host www.example.com, which none of the domains covers (example.com, b.org`+remedy)
	assert.EqualError(t, LintHosts(c, []string{"*.example.com", "shop.net", "b.org"}),
		`services: "beta" has a route for the host *.shop.net, which none of the domains covers (*.example.com, shop.net, b.org`+remedy)
	assert.EqualError(t, LintHosts(c, []string{"www.example.com", "*.shop.net", "*.org.uk"}),
		`services: "beta" has a route for the host B.org, which none of the domains covers (www.example.com, *.shop.net, *.org.uk`+remedy)
}

// The wildcard of a certificate stands for one label, that of a host for any characters.
func TestOnDomain(t *testing.T) {
	for _, test := range []struct {
		host, domain string
		want         bool
	}{
		{"www.example.com", "www.example.com", true},
		{"WWW.example.com", "www.example.com", true},
		{"example.com", "www.example.com", false},
		{"w?w.example.com", "www.example.com", true},
		{"*.example.com", "a.b.example.com", true},
		{"*.example.com", "example.com", false},
		{"*.com", "www.example.com", true},

		{"www.example.com", "*.example.com", true},
		{"a.b.example.com", "*.example.com", false},
		{"example.com", "*.example.com", false},
		{".example.com", "*.example.com", false},
		{"*.example.com", "*.example.com", true},
		{"*example.com", "*.example.com", true},
		{"w*.example.com", "*.example.com", true},
		{"?.example.com", "*.example.com", true},
		{"*.b.example.com", "*.example.com", false},
		{"*.com", "*.example.com", true},
		{"a*.com", "*.example.com", true},
		{"*.example.net", "*.example.com", false},
		{"a?example.com", "*.example.com", true},
	} {
		assert.Equal(t, test.want, onDomain(test.host, test.domain), "%s on %s", test.host, test.domain)
	}
}

// A host is on a wildcard domain when, and only when, it matches some name of one more label.
func TestOnWildcardDomain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		host := rapid.StringOfN(rapid.RuneFrom([]rune("a.*?")), 1, 6, -1).Draw(t, "host")
		matches := false
		for label := "a"; len(label) <= len(host); label += "a" {
			matches = matches || match(host, label+".a")
		}
		assert.Equal(t, matches, onDomain(host, "*.a"), host)
	})
}
