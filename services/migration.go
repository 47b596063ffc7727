package services

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Phase is the state of one service's migration. The zero value is Dark.
type Phase struct {
	// Share is the percentage of the requests for the service's paths that the service
	// serves, 0 to 100. The monolith serves the rest, or the service whose paths it is
	// below.
	Share int
	// Strangled means that the monolith has no permission for the service's table.
	Strangled bool
}

// The phases with a word of their own. Between Dark and Live a phase is a share
// of 1 to 99.
var (
	// Dark has no live rule: the monolith serves the service's paths.
	Dark = Phase{}
	// Live has a live rule that forwards to the service alone.
	Live = Phase{Share: 100}
	// Strangled is Live without the monolith's permission for the service's table.
	Strangled = Phase{Share: 100, Strangled: true}
)

// String returns the word for the phase in cdk.json: dark, 1% to 99%, live or
// strangled.
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

// TakenOver reports whether the service alone serves its paths: Live and Strangled.
func (p Phase) TakenOver() bool { return p.Share == 100 }

// shared reports whether the service serves a part of its paths' requests.
func (p Phase) shared() bool { return p.Share > 0 && p.Share < 100 }

// ParsePhase is the inverse of Phase.String. Any other word is an error that lists
// the words.
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

// MonolithPhase is the state of the monolith, by its word in cdk.json.
type MonolithPhase string

// The phases of the monolith, in order.
const (
	// Serving has the catch-all rule: it serves every path that no service has taken.
	Serving MonolithPhase = "serving"
	// Drained runs without a live rule. Every service is live or strangled.
	Drained MonolithPhase = "drained"
	// Retired has no stack. Every service that the monolith had is strangled; one that
	// comes later may be dark.
	Retired MonolithPhase = "retired"
)

// Migration is the phase of every program of a catalog.
type Migration struct {
	// Services has the phase of each service by its name.
	Services map[string]Phase
	// Monolith is the monolith's phase.
	Monolith MonolithPhase
}

// ParseMigration reads the phase of every program of the catalog from words by name.
// It refuses a name that the catalog does not have, a name without a word, an
// unknown word, and a monolith that is drained or retired before every service is
// as far as that takes.
func ParseMigration(c Catalog, words map[string]string) (Migration, error) {
	m := Migration{Services: map[string]Phase{}, Monolith: MonolithPhase(words[c.Monolith.Name])}
	for _, name := range slices.Sorted(maps.Keys(words)) {
		switch s := c.Find(name); {
		case s == nil:
			return Migration{}, fmt.Errorf("services: %q is not in the catalog: want one of %s", name, strings.Join(namesOf(c.withPaths()), ", "))
		case s.IsWorker():
			return Migration{}, fmt.Errorf("services: %q is a worker, which has no phase: remove it from the migration", name)
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

// validate refuses a monolith that leaves while a path still needs it, and a share
// whose rest no one program serves.
func (m Migration) validate(c Catalog) error {
	var err error
	switch m.Monolith {
	case Serving:
	case Drained:
		err = m.require(c, "live or strangled", func(s Service, p Phase) bool {
			return p.TakenOver() || p.shared() && nextBelow(c, m, s) != nil
		})
	case Retired:
		// A service that comes after the monolith is dark until it serves what no program did.
		err = m.require(c, "strangled", func(s Service, p Phase) bool {
			return p.Strangled || p == Dark || p.shared() && nextBelow(c, m, s) != nil
		})
	default:
		err = fmt.Errorf("services: %q asks for phase %q: want serving, drained or retired", c.Monolith.Name, string(m.Monolith))
	}
	if err != nil {
		return err
	}
	if callers := c.callers(c.Monolith.Name); m.Monolith == Retired && len(callers) > 0 {
		return fmt.Errorf("services: %q cannot be retired while %q calls it: remove that call first", c.Monolith.Name, callers[0])
	}
	for _, s := range c.Services {
		if err := m.checkRest(c, s); err != nil {
			return fmt.Errorf("services: %q asks for phase %q: %w", s.Name, m.Services[s.Name], err)
		}
	}
	return nil
}

// require refuses the monolith's phase while a service is not ready for it. The
// error names all such services.
func (m Migration) require(c Catalog, want string, ready func(Service, Phase) bool) error {
	var waiting []string
	for _, s := range c.Services {
		if p := m.Services[s.Name]; !ready(s, p) {
			waiting = append(waiting, fmt.Sprintf("%q is %s", s.Name, p))
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	return fmt.Errorf("services: %q cannot be %s while %s: make every service %s first",
		c.Monolith.Name, m.Monolith, strings.Join(waiting, " and "), want)
}

// checkRest refuses a share of a service's paths unless one program serves all of
// them without the service: the monolith, or a service whose paths they are below.
func (m Migration) checkRest(c Catalog, s Service) error {
	if !m.Services[s.Name].shared() {
		return nil
	}
	below := nextBelow(c, m, s)
	if below == nil {
		return nil
	}
	if m.Services[below.Name].shared() {
		return fmt.Errorf("its paths are below those of %q, which is at %s: make %q dark or live first", below.Name, m.Services[below.Name],
			below.Name)
	}
	for _, path := range s.Paths {
		if !slices.ContainsFunc(below.Paths, func(q string) bool { return covers(q, path) }) {
			return fmt.Errorf("path %q goes on to another program than the paths below those of %q: give it a service of its own, or go from dark "+
				"to live", path, below.Name)
		}
	}
	return nil
}
