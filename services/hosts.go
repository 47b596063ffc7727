package services

import (
	"fmt"
	"slices"
	"strings"
)

// LintHosts refuses a route's host that none of a load balancer's domains covers: its clients
// would get a certificate of another name. A domain may begin with a wildcard, "*.example.com",
// which stands for one label. No domains cover every host, as without them there is no
// certificate. The catalog is complete.
//
// https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html
func LintHosts(c Catalog, domains []string) error {
	if len(domains) == 0 {
		return nil
	}
	for _, s := range c.Services {
		for _, r := range s.Routes {
			for _, host := range r.Hosts {
				if !slices.ContainsFunc(domains, func(domain string) bool { return onDomain(host, domain) }) {
					return fmt.Errorf("services: %q has a route for the host %s, which none of the domains covers (%s), so that its clients get "+
						"a certificate error: add it to domains, or change it in the catalog", s.Name, host, strings.Join(domains, ", "))
				}
			}
		}
	}
	return nil
}

// onDomain reports whether a host condition matches a name that a domain covers.
func onDomain(host, domain string) bool {
	host = strings.ToLower(host)
	rest, wildcard := strings.CutPrefix(domain, "*")
	if !wildcard {
		return match(host, domain)
	}
	for i := 1; i <= len(host) && host[i-1] != '.'; i++ {
		if match(host[i:], rest) || host[i-1] == '*' && match(host[i-1:], rest) {
			return true
		}
	}
	return false
}
