package services

import (
	"cmp"
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
	// Routes has the phase of each route with a name by its key, such as "orders.reads".
	Routes map[string]Phase
	// Monolith is the monolith's phase.
	Monolith MonolithPhase
}

// Of returns the phase of a route of a service.
func (m Migration) Of(s Service, r Route) Phase {
	if r.Name == "" {
		return m.Services[s.Name]
	}
	return m.Routes[r.Key(s.Name)]
}

// ParseMigration reads the phase of every program of the catalog from words by key.
// It refuses a key that the catalog does not have, one without a word, an
// unknown word, and a monolith that is drained or retired before every service is
// as far as that takes.
func ParseMigration(c Catalog, words map[string]string) (Migration, error) {
	m := Migration{Services: map[string]Phase{}, Routes: map[string]Phase{}, Monolith: MonolithPhase(words[c.Monolith.Name])}
	for _, key := range slices.Sorted(maps.Keys(words)) {
		if s := c.Find(key); s != nil && s.IsWorker() {
			return Migration{}, fmt.Errorf("services: %q is a worker, which has no phase: remove it from the migration", key)
		}
		if !slices.Contains(c.Keys(), key) {
			return Migration{}, fmt.Errorf("services: %q is not in the catalog: want one of %s", key, strings.Join(c.Keys(), ", "))
		}
	}
	for _, s := range c.Services {
		var err error
		if m.Services[s.Name], err = parseWord(words, s.Name); err != nil {
			return Migration{}, err
		}
		for _, r := range s.named() {
			key := r.Key(s.Name)
			if m.Routes[key], err = parseWord(words, key); err != nil {
				return Migration{}, err
			}
			if m.Routes[key].Strangled {
				return Migration{}, fmt.Errorf("services: %q asks for phase %q: a route has dark, 1%%–99%% or live, and %q is strangled as a "+
					"whole", key, Strangled, s.Name)
			}
		}
	}
	return m, m.validate(c)
}

// parseWord reads the phase of a key.
func parseWord(words map[string]string, key string) (Phase, error) {
	word, ok := words[key]
	if !ok {
		return Phase{}, fmt.Errorf("services: %q has no phase: add \"%s\": \"dark\" to the migration", key, key)
	}
	phase, err := ParsePhase(word)
	if err != nil {
		return Phase{}, fmt.Errorf("services: %q asks for phase %q: %w", key, word, err)
	}
	return phase, nil
}

// validate refuses a monolith that leaves while a path still needs it, a phase that a
// route cannot have, and a share whose rest no one program serves.
func (m Migration) validate(c Catalog) error {
	var err error
	switch m.Monolith {
	case Serving:
	case Drained:
		err = m.require(c, "live or strangled", func(s Service, r Route, p Phase) bool {
			return p.TakenOver() || p.shared() && m.restsOnService(c, s, r)
		})
	case Retired:
		// A service that comes after the monolith is dark until it serves what no program did.
		err = m.require(c, "strangled", func(s Service, r Route, p Phase) bool {
			return p.Strangled || p == Dark || p.shared() && m.restsOnService(c, s, r) || r.Name != "" && p == Live
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
		for i, r := range s.Routes {
			if err := m.checkRoute(c, s, i); err != nil {
				return fmt.Errorf("services: %q asks for phase %q: %w", r.Key(s.Name), m.Of(s, r), err)
			}
		}
	}
	return nil
}

// require refuses the monolith's phase while a service or a route with a name is not
// ready for it. The error names all of them.
func (m Migration) require(c Catalog, want string, ready func(Service, Route, Phase) bool) error {
	var waiting []string
	for _, s := range c.Services {
		for _, r := range s.Routes {
			p := m.Of(s, r)
			text := fmt.Sprintf("%q is %s", r.Key(s.Name), p)
			if !ready(s, r, p) && !slices.Contains(waiting, text) {
				waiting = append(waiting, text)
			}
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	return fmt.Errorf("services: %q cannot be %s while %s: make every service %s first",
		c.Monolith.Name, m.Monolith, strings.Join(waiting, " and "), want)
}

// restsOnService reports whether services, and not the monolith, serve the rest of each
// of a route's paths.
func (m Migration) restsOnService(c Catalog, s Service, r Route) bool {
	return !slices.ContainsFunc(r.requests(), func(of requests) bool {
		programs := rest(c, m, s, of)
		last := programs[len(programs)-1]
		return last == "" || last == c.Monolith.Name
	})
}

// checkRoute refuses a phase of one of a service's routes that contradicts another's, or
// a share that cannot be.
func (m Migration) checkRoute(c Catalog, s Service, i int) error {
	r := s.Routes[i]
	p := m.Of(s, r)
	if r.Name != "" && m.Services[s.Name].Strangled && p != Live {
		return fmt.Errorf("%q is strangled: make %q live first", s.Name, r.Key(s.Name))
	}
	if p.shared() && r.Rewrite.Regex != "" && !r.Rewrite.Shared {
		return fmt.Errorf("the rule rewrites the URL of %v for the program with the rest too: go from dark to live, or set Shared in its "+
			"Rewrite if both want it", r.Paths)
	}
	if p == Dark {
		return m.checkDark(s, i)
	}
	if p.shared() {
		return m.checkRest(c, s, r)
	}
	return nil
}

// checkDark refuses a dark route whose requests a later route of the same service would
// take.
func (m Migration) checkDark(s Service, i int) error {
	for _, later := range s.Routes[i+1:] {
		if p := m.Of(s, later); p != Dark && s.Routes[i].meetsRoute(later) {
			return fmt.Errorf("%q is %s and takes its requests: make %q dark too, or give its routes other verbs or hosts", later.Key(s.Name), p,
				later.Key(s.Name))
		}
	}
	return nil
}

// checkRest refuses a share of a route's requests unless one program serves all of them
// without the service: the monolith, or a service whose paths they are below.
func (m Migration) checkRest(c Catalog, s Service, r Route) error {
	var first string
	for _, of := range r.requests() {
		for other, route := range below(c, m, s, of) {
			first = cmp.Or(first, other.Name)
			if p := m.Of(other, route); p.shared() {
				return fmt.Errorf("its paths are below those of %q, which is at %s: make %q dark or live first", route.Key(other.Name), p,
					route.Key(other.Name))
			}
			if route.include(of) {
				break
			}
		}
	}
	for _, of := range r.requests() {
		if programs := rest(c, m, s, of); first != "" && (len(programs) > 1 || programs[0] != first) {
			return fmt.Errorf("%q goes on to another program than the paths below those of %q: give it a service of its own, or go from dark "+
				"to live", of, first)
		}
	}
	return nil
}
