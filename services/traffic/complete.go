package traffic

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"example.com/strangler/services"
)

// Complete fills in every default and returns the first mistake: a kind that does
// not fit the catalog or itself, or a service that gets no request.
func (t Traffic) Complete(c services.Catalog) (Traffic, error) {
	known := slices.Clone(t)
	for i := range known {
		known[i].Status = cmp.Or(known[i].Status, http.StatusOK)
	}
	out, err := known.CompleteRecorded(c)
	if err != nil {
		return nil, err
	}
	if unreached := out.Unreached(c); len(unreached) > 0 {
		return nil, fmt.Errorf("traffic: no request counts for a path of %q: add a traffic.Kind whose Path is one of %q to the example's "+
			"Traffic", unreached[0].Name, unreached[0].Patterns())
	}
	return out, nil
}

// CompleteRecorded is Complete for requests that were recorded. A status of zero stays, as
// what their answers must be is not known, and a service may get no request.
func (t Traffic) CompleteRecorded(c services.Catalog) (Traffic, error) {
	var out Traffic
	names := map[string]bool{}
	for _, k := range t {
		if names[k.Name] {
			return nil, fmt.Errorf("traffic: two kinds of requests are called %q: rename one", k.Name)
		}
		names[k.Name] = true
		k = k.complete()
		if r, ok := k.routeIn(c); ok {
			k.route = r.Name
		}
		if err := k.check(t, c); err != nil {
			return nil, fmt.Errorf("traffic: %q: %w", k.Name, err)
		}
		out = append(out, k)
	}
	return out, nil
}

// Unreached returns the services that no request counts for.
func (t Traffic) Unreached(c services.Catalog) []services.Service {
	paths := t.Paths()
	return slices.DeleteFunc(slices.Clone(c.Services), func(s services.Service) bool {
		return slices.ContainsFunc(s.Patterns(), func(path string) bool { return slices.Contains(paths, path) })
	})
}

var kindName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

func (k Kind) check(t Traffic, c services.Catalog) error {
	switch {
	case !kindName.MatchString(k.Name):
		return fmt.Errorf("want a name of letters, digits and dashes")
	case k.Path != "" && owner(c, k.Path) == "":
		return fmt.Errorf("no service of the catalog has the path %q: want a service's pattern as the catalog has it, or none", k.Path)
	case k.Path != "" && !k.isRouted(c):
		return fmt.Errorf("no route of %q takes %s of the path %q: want one that does, or no path", owner(c, k.Path), k.Method, k.Path)
	case k.Weight < 0:
		return fmt.Errorf("the weight is %d: want 1 or more", k.Weight)
	case !strings.HasPrefix(k.Target, "/"):
		return fmt.Errorf("the target is %q: want a path that begins with a slash", k.Target)
	case k.Status != 0 && !isStatus(k.Status):
		return fmt.Errorf("the status is %d: want 100 to 599", k.Status)
	case slices.ContainsFunc(k.Also, func(status int) bool { return !isStatus(status) }):
		return fmt.Errorf("the further statuses are %v: want each 100 to 599", k.Also)
	case len(k.Also) > 0 && k.Writes != nil:
		return fmt.Errorf("it writes an item with status %d, and may have %v: want one status of a request that writes", k.Status, k.Also)
	case k.Writes != nil && k.IsSafe():
		return fmt.Errorf("it writes an item, and is said to be safe: want one of the two")
	case k.Most < 0:
		return fmt.Errorf("the list has at most %d items: want 1 or more, or 0 for no list", k.Most)
	}
	if err := k.checkNeeds(c); err != nil {
		return err
	}
	if err := k.checkPlaceholders(t); err != nil || k.Writes == nil {
		return err
	}
	return k.checkItem(t)
}

func isStatus(status int) bool { return status >= 100 && status <= 599 }

// owner is the name of the service that has a pattern, or "".
func owner(c services.Catalog, pattern string) string {
	for _, s := range c.Services {
		if slices.Contains(s.Patterns(), pattern) {
			return s.Name
		}
	}
	return ""
}

// routeIn is the route of the path's service that takes the request.
func (k Kind) routeIn(c services.Catalog) (services.Route, bool) {
	for _, s := range c.Services {
		for _, r := range s.Routes {
			if s.Name == owner(c, k.Path) && r.Takes(k.Method, k.Header["Host"], k.Path) {
				return r, true
			}
		}
	}
	return services.Route{}, false
}

func (k Kind) isRouted(c services.Catalog) bool {
	_, ok := k.routeIn(c)
	return ok
}

func (k Kind) checkNeeds(c services.Catalog) error {
	for _, path := range k.Needs {
		switch owner(c, path) {
		case "":
			return fmt.Errorf("it needs %q, which no service of the catalog has: want a service's pattern as the catalog has it", path)
		case owner(c, k.Path):
			return fmt.Errorf("it needs %q, which its own service has: leave it out", path)
		}
	}
	return nil
}

func placeholdersOf(texts ...string) []string {
	return placeholder.FindAllString(strings.Join(texts, "\n"), -1)
}

var placeholder = regexp.MustCompile(`\{\{[^{}]*\}\}`)

// other is the path of a placeholder that IDOf makes.
func other(placeholder string) (path string, ok bool) {
	path, ok = strings.CutPrefix(placeholder, "{{id:")
	return strings.TrimSuffix(path, "}}"), ok
}

// checkPlaceholders checks that each placeholder has a meaning where it stands.
func (k Kind) checkPlaceholders(t Traffic) error {
	sent := placeholdersOf(k.Target, k.Body)
	wanted := placeholdersOf(slices.Sorted(maps.Values(k.Fields))...)
	for _, p := range append(slices.Clone(sent), wanted...) {
		if path, ok := other(p); ok {
			if err := k.checkOther(t, path); err != nil {
				return err
			}
		} else if p != New && p != ID && p != Number {
			return fmt.Errorf("%s is no placeholder: want %s, %s, %s or one such as %s", p, New, ID, Number, IDOf("/api/things"))
		}
	}
	made := slices.Contains(sent, New)
	seen := slices.Contains(sent, ID) || slices.Contains(sent, Number)
	for _, p := range wanted {
		if own := p == ID || p == Number; own && !seen || !own && !slices.Contains(sent, p) {
			return fmt.Errorf("a field of the answer is %s, which the request does not send: put it into the target or the body", p)
		}
	}
	switch {
	case seen && (k.Writes != nil || made):
		return fmt.Errorf("%s and %s stand for an item that is there already: use them in a request of its own, without %s", ID, Number, New)
	case seen && t.Writer(k.Path) == nil:
		return fmt.Errorf("%s and %s stand for an item of %q that was written before: add a kind with Writes for that path", ID, Number, k.Path)
	}
	return nil
}

// checkOther checks that there are items of another path when the kind names one.
func (k Kind) checkOther(t Traffic, path string) error {
	writer := t.Writer(path)
	switch {
	case path == k.Path:
		return fmt.Errorf("%s is of the kind's own path: want %s", IDOf(path), ID)
	case writer == nil:
		return fmt.Errorf("%s stands for an item of %q that was written before: add a kind with Writes for that path", IDOf(path), path)
	case k.Writes != nil && t.position(writer.Name) > t.position(k.Name):
		return fmt.Errorf("its items name those of %q, which %q writes: put that kind before it", path, writer.Name)
	}
	return nil
}

// position is the index of a kind.
func (t Traffic) position(name string) int {
	return slices.IndexFunc(t, func(k Kind) bool { return k.Name == name })
}

func (k Kind) checkItem(t Traffic) error {
	switch {
	case k.Path == "":
		return fmt.Errorf("it writes items of no service: want a Path")
	case !slices.Contains(placeholdersOf(k.Target, k.Body), New):
		return fmt.Errorf("every request writes the same item: put %s into the target or the body", New)
	case t.Writer(k.Path).Name != k.Name:
		return fmt.Errorf("%q writes the items of %q already: want one kind that writes for a path", t.Writer(k.Path).Name, k.Path)
	case !strings.HasPrefix(k.Writes.ReadBack, "/"):
		return fmt.Errorf("ReadBack is %q: want the target where the items that it writes are read", k.Writes.ReadBack)
	}
	_, err := k.secrets()
	return err
}

// Secrets returns a pattern that matches the values of the secret fields of all
// that the traffic writes, in a log. It is empty when there are none.
func (t Traffic) Secrets() string {
	var patterns []string
	for _, k := range t {
		own, _ := k.secrets() // Complete has found it right
		patterns = append(patterns, own...)
	}
	slices.Sort(patterns)
	return strings.Join(slices.Compact(patterns), "|")
}

// secrets are the patterns of a kind's secret fields: their text in the body, with
// digits at the place of New.
func (k Kind) secrets() ([]string, error) {
	if k.Writes == nil || len(k.Writes.Secret) == 0 {
		return nil, nil
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(k.Body), &body); err != nil {
		return nil, fmt.Errorf("it names secret fields of a body that is no JSON object: %w", err)
	}
	var patterns []string
	for _, field := range k.Writes.Secret {
		value, _ := body[field].(string)
		if !strings.Contains(value, New) || value == New || strings.Contains(value, "{{id:") {
			return nil, fmt.Errorf("the secret field %q is %q in the body: want text with %s as its only placeholder, which a log can be "+
				"searched for", field, value, New)
		}
		patterns = append(patterns, strings.ReplaceAll(regexp.QuoteMeta(value), regexp.QuoteMeta(New), `\d+`))
	}
	return patterns, nil
}
