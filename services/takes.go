package services

import (
	"fmt"
	"maps"
	"slices"
)

// MonolithIn returns the monolith in a migration: with its bounds of scaling, and with what
// it needs itself and for the services that are not strangled.
func MonolithIn(c Catalog, m Migration) Service {
	monolith := c.Monolith
	monolith.Scaling = MonolithScaling(c, m)
	for _, s := range c.Services {
		if !m.Services[s.Name].Strangled {
			monolith.Needs = monolith.Needs.with(s.Takes)
		}
	}
	return monolith
}

// with returns needs and those that they lack of others.
func (n Needs) with(others Needs) Needs {
	if len(others.Secrets) > 0 {
		secrets := maps.Clone(others.Secrets)
		maps.Copy(secrets, n.Secrets)
		n.Secrets = secrets
	}
	n.Permissions, n.Egress = slices.Clone(n.Permissions), slices.Clone(n.Egress)
	for _, p := range others.Permissions {
		if !slices.ContainsFunc(n.Permissions, p.same) {
			n.Permissions = append(n.Permissions, p)
		}
	}
	for _, e := range others.Egress {
		if !slices.ContainsFunc(n.Egress, e.same) {
			n.Egress = append(n.Egress, e)
		}
	}
	return n
}

// empty reports whether nothing is needed.
func (n Needs) empty() bool { return len(n.Secrets)+len(n.Permissions)+len(n.Egress) == 0 }

// checkTakes refuses what the monolith could not hold for the services.
func (c Catalog) checkTakes() error {
	if !c.Monolith.Takes.empty() {
		return fmt.Errorf("services: %q is the monolith, from which services take: name what it needs itself in Needs", c.Monolith.Name)
	}
	monolith := c.Monolith
	for _, s := range c.Services {
		if err := monolith.Needs.checkWith(s.Takes); err != nil {
			return fmt.Errorf("services: %q takes from the monolith: %w", s.Name, err)
		}
		taken := monolith
		taken.Needs = monolith.Needs.with(s.Takes)
		for _, check := range []func() error{taken.checkSecrets, taken.Needs.check, taken.checkCollector, taken.checkConnected} {
			if err := check(); err != nil {
				return fmt.Errorf("services: %q takes from the monolith: %w", s.Name, err)
			}
		}
		monolith = taken
	}
	return nil
}

// checkWith refuses what others want otherwise: a variable of another value, or a way out
// for another reason, whose rule would be another one when they go.
func (n Needs) checkWith(others Needs) error {
	for _, name := range slices.Sorted(maps.Keys(others.Secrets)) {
		if own, both := n.Secrets[name]; both && own != others.Secrets[name] {
			return fmt.Errorf("variable %s has another value in the needs of the monolith or of a service before: rename one", name)
		}
	}
	for _, e := range others.Egress {
		for _, own := range n.Egress {
			if own.same(e) && own.Reason != e.Reason {
				return fmt.Errorf("egress to %s has the reason %q, and %q in the needs of the monolith or of a service before: give both one",
					e, e.Reason, own.Reason)
			}
		}
	}
	return nil
}
