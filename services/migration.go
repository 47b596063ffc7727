package services

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Phase is how far one service's migration is.
type Phase struct {
	// Share is the percentage of the service's traffic that it serves itself;
	// the monolith serves the rest.
	Share int
	// Strangled means that the monolith may no longer touch the service's table.
	Strangled bool
}

// The phases with a word of their own. Between Dark and Live a phase is a share
// of 1 to 99.
var (
	Dark      = Phase{}
	Live      = Phase{Share: 100}
	Strangled = Phase{Share: 100, Strangled: true}
)

// String is the word for the phase in cdk.json.
func (p Phase) String() string {
	switch p {
	case Dark:
		return "dark"
	case Live:
		return "live"
	case Strangled:
		return "strangled"
	}
	return strconv.Itoa(p.Share) + "%"
}

// TakenOver reports whether the service serves its paths without the monolith.
func (p Phase) TakenOver() bool { return p.Share == 100 }

// ParsePhase reads dark, 1% to 99%, live or strangled.
func ParsePhase(word string) (Phase, error) {
	for _, p := range []Phase{Dark, Live, Strangled} {
		if word == p.String() {
			return p, nil
		}
	}
	share, err := strconv.Atoi(strings.TrimSuffix(word, "%"))
	if p := (Phase{Share: share}); err == nil && share >= 1 && share <= 99 && word == p.String() {
		return p, nil
	}
	return Phase{}, fmt.Errorf("want dark, 1%%–99%%, live or strangled")
}

// MonolithPhase is how far the monolith's retreat is.
type MonolithPhase string

// The monolith first serves every path that no service has taken, then runs
// without a live rule, then is gone.
const (
	Serving MonolithPhase = "serving"
	Drained MonolithPhase = "drained"
	Retired MonolithPhase = "retired"
)

// Migration is how far every part of a catalog is.
type Migration struct {
	Services map[string]Phase
	Monolith MonolithPhase
}

// ParseMigration reads one word for every service of the catalog and one for
// the monolith, by name. It refuses a name that the catalog does not have, a
// name without a word, an unknown word, and a monolith that leaves before the
// services can do without it.
func ParseMigration(c Catalog, words map[string]string) (Migration, error) {
	m := Migration{Services: map[string]Phase{}, Monolith: MonolithPhase(words[c.Monolith.Name])}
	for _, name := range slices.Sorted(maps.Keys(words)) {
		if !slices.Contains(c.Names(), name) {
			return Migration{}, fmt.Errorf("services: %q is not in the catalog: want one of %s", name, strings.Join(c.Names(), ", "))
		}
	}
	for _, s := range c.Services {
		word, ok := words[s.Name]
		if !ok {
			return Migration{}, fmt.Errorf("services: %q has no phase: add \"%s\": \"dark\" to the migration", s.Name, s.Name)
		}
		phase, err := ParsePhase(word)
		if err != nil {
			return Migration{}, fmt.Errorf("services: %q asks for phase %q: %w", s.Name, word, err)
		}
		m.Services[s.Name] = phase
	}
	return m, m.validate(c)
}

// validate refuses a monolith that leaves while a path still needs it.
func (m Migration) validate(c Catalog) error {
	switch m.Monolith {
	case Serving:
		return nil
	case Drained:
		return m.require(c, Phase.TakenOver, "live or strangled")
	case Retired:
		return m.require(c, func(p Phase) bool { return p.Strangled }, "strangled")
	}
	return fmt.Errorf("services: %q asks for phase %q: want serving, drained or retired", c.Monolith.Name, string(m.Monolith))
}

// require says which services hold the monolith back.
func (m Migration) require(c Catalog, ready func(Phase) bool, want string) error {
	var waiting []string
	for _, s := range c.Services {
		if p := m.Services[s.Name]; !ready(p) {
			waiting = append(waiting, fmt.Sprintf("%q is %s", s.Name, p))
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	return fmt.Errorf("services: %q cannot be %s while %s: make every service %s first",
		c.Monolith.Name, m.Monolith, strings.Join(waiting, " and "), want)
}
