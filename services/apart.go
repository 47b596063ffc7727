package services

import (
	"fmt"
	"slices"
	"strings"
)

// apart says how services that one load balancer does not take are divided over two: which of them
// leave for a second app, so that the rules and target groups of the rest fit. Services that
// call each other, or that serve the same requests, stay together, because connections and the
// order of rules end at an app's load balancer; those that the monolith calls stay with it. The last
// services of the catalog leave first: one that is deployed keeps its table and target group.
func (l Listener) apart(c Catalog) string {
	const how = ": .github/decisions/0011-second-load-balancer.md says how"
	leaving := l.leaving(c)
	if leaving == nil {
		return "a second app with a load balancer of its own would not help, because services that stay together are too many" + how
	}
	return fmt.Sprintf("move %s to a second app with a load balancer and a host name of its own%s", strings.Join(leaving, ", "), how)
}

// leaving are the names of the services that leave, in the catalog's order. Nil means that no
// division helps.
func (l Listener) leaving(c Catalog) []string {
	rest, left := c, []string(nil)
	for _, s := range slices.Backward(c.Services) {
		together := c.together(s)
		if slices.Contains(left, s.Name) || slices.ContainsFunc(together, func(name string) bool {
			return slices.Contains(c.Monolith.Calls, name)
		}) {
			continue
		}
		left = append(left, together...)
		rest.Services = slices.DeleteFunc(slices.Clone(c.Services), func(s Service) bool { return slices.Contains(left, s.Name) })
		if l.lintQuotas(Rules(l.Plan(rest, mostRules(rest)))) == nil {
			return inOrder(c, left)
		}
	}
	return nil
}

// together are the names of a service and of those that cannot be in another app than it.
func (c Catalog) together(s Service) []string {
	names := []string{s.Name}
	for i := 0; i < len(names); i++ {
		one := c.Find(names[i])
		for _, other := range c.Services {
			joined := slices.Contains(one.Calls, other.Name) || slices.Contains(other.Calls, one.Name) || one.meets(other)
			if joined && !slices.Contains(names, other.Name) {
				names = append(names, other.Name)
			}
		}
	}
	return names
}

func inOrder(c Catalog, names []string) []string {
	return slices.DeleteFunc(namesOf(c.Services), func(name string) bool { return !slices.Contains(names, name) })
}
