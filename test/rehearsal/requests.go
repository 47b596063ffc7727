package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/alb"
)

// elsewhere stands in the report for every path that no service has.
const elsewhere = "elsewhere"

// groupOf is the path of the report that a kind counts for.
func groupOf(k traffic.Kind) string {
	if k.Path == "" {
		return elsewhere
	}
	return k.Path
}

// requestKinds are the example's traffic and the kit's own.
func requestKinds(c services.Catalog, example traffic.Traffic) (traffic.Traffic, error) {
	kinds, err := example.Complete(c)
	if err != nil {
		return nil, err
	}
	return withKit(c, kinds), checkTargets(c, kinds)
}

// checkTargets fails when a request goes to a path that its service does not have: its rules would
// never get it. A placeholder stands for a part of a path.
func checkTargets(c services.Catalog, kinds traffic.Traffic) error {
	for _, k := range kinds {
		for _, s := range c.Services {
			if s.Name == ownerOf(c, k.Path) && !takes(s, k.Target) {
				return fmt.Errorf("traffic: %q: no path of %q takes the target %q: add one to the catalog, such as %q", k.Name, s.Name, k.Target,
					strings.TrimSuffix(k.Path, "/")+"/*")
			}
		}
	}
	return nil
}

// withKit adds to complete traffic, for every catalog, what the load balancer must not let
// into a service. Each of these is one request in forty.
func withKit(c services.Catalog, kinds traffic.Traffic) traffic.Traffic {
	weight := max(1, (kinds.Weight()+20)/40)
	root := traffic.Kind{Name: "kit-root", Weight: weight, Method: http.MethodGet, Target: "/"}
	own := traffic.Traffic{root}
	if read := reading(kinds); read != nil {
		// The path of a rule is case-sensitive.
		otherCase := root
		otherCase.Name, otherCase.Target = "kit-other-case", otherCaseOf(read.Path)
		// A header that only callers from inside may use changes nothing.
		header := *read
		header.Name, header.Weight = "kit-preview-header", weight
		header.Header = map[string]string{services.PreviewHeader: ownerOf(c, read.Path)}
		maps.Copy(header.Header, read.Header)
		own = append(own, otherCase, header)
	}
	for _, k := range own {
		if k.Path != "" || ownerOfTarget(c, k.Target) == "" {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// reading is the first kind that reads a service's path, or nil.
func reading(kinds traffic.Traffic) *traffic.Kind {
	for i := range kinds {
		if kinds[i].Path != "" && kinds[i].Method == http.MethodGet {
			return &kinds[i]
		}
	}
	return nil
}

// otherCaseOf is a path of a pattern in capitals. Letters stand for its wildcards.
func otherCaseOf(pattern string) string {
	return strings.ToUpper(strings.NewReplacer("*", "x", "?", "x").Replace(pattern))
}

// ownerOf is the service whose pattern that is.
func ownerOf(c services.Catalog, pattern string) string {
	for _, s := range c.Services {
		for _, path := range s.Patterns() {
			if path == pattern {
				return s.Name
			}
		}
	}
	return ""
}

// ownerOfTarget is a service with a pattern that a target matches, or "".
func ownerOfTarget(c services.Catalog, target string) string {
	for _, s := range c.Services {
		if takes(s, target) {
			return s.Name
		}
	}
	return ""
}

// takes reports whether a path of a service takes a target.
func takes(s services.Service, target string) bool {
	at, err := url.Parse(target)
	if err != nil {
		return false
	}
	rule := alb.Rule{ID: s.Name, Conditions: []alb.Condition{alb.PathPattern(s.Patterns())}}
	return (alb.Listener{Rules: []alb.Rule{rule}}).Route(&http.Request{URL: at}).ID == s.Name
}

// values are what the placeholders of one request stand for.
type values struct {
	// number is that of the item that the request writes, or was written with.
	number int64
	id     string
	// others are items of other paths: those that the item was written with, and those
	// that the request names.
	others map[string]values
}

// draw makes the values of one request of a kind: a new number, or an item of before, and
// items of the other paths that it names.
func (l *ledger) draw(k traffic.Kind) values {
	var v values
	others := k.Others()
	sent := k.Target + k.Body
	switch {
	case strings.Contains(sent, traffic.New):
		v.number = l.next()
	case strings.Contains(sent, traffic.ID), strings.Contains(sent, traffic.Number), l.keepsAny(k.Path, others):
		v = l.pick(k.Path)
	}
	for _, path := range others {
		if _, written := v.others[path]; !written {
			v = v.with(path, l.pick(path))
		}
	}
	return v
}

// with returns the values with an item of another path. The values of before may be in
// the ledger and stay as they are.
func (v values) with(path string, other values) values {
	others := map[string]values{}
	maps.Copy(others, v.others)
	others[path] = other
	v.others = others
	return v
}

// fill puts the values in the place of the placeholders of a text. Escape fits an
// id into the text around it.
func (v values) fill(text string, escape func(string) string) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	number := strconv.FormatInt(v.number, 10)
	pairs := []string{traffic.New, number, traffic.Number, number, traffic.ID, escape(v.id)}
	for path, other := range v.others {
		pairs = append(pairs, traffic.IDOf(path), escape(other.id))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// numbers writes the numbers of the values, and of a kind's items of other paths, for of.
func (v values) numbers(k traffic.Kind) string {
	all := []string{strconv.FormatInt(v.number, 10)}
	for _, path := range k.Others() {
		all = append(all, strconv.FormatInt(v.others[path].number, 10))
	}
	return strings.Join(all, ",")
}

func (v values) target(k traffic.Kind) string { return v.fill(k.Target, url.PathEscape) }

func (v values) body(k traffic.Kind) string { return v.fill(k.Body, insideJSON) }

// insideJSON writes a text as it stands between the quotes of a JSON string.
func insideJSON(text string) string {
	quoted, _ := json.Marshal(text) // a string is always JSON
	return string(quoted[1 : len(quoted)-1])
}

func plain(text string) string { return text }

// checkBody says what is wrong with the body of an answer of the right status.
func checkBody(k traffic.Kind, v values, body []byte) error {
	if len(k.Fields) == 0 && k.Most == 0 {
		return nil
	}
	if k.Most == 0 {
		item, err := decode[map[string]any](body)
		if err != nil {
			return err
		}
		return checkFields(k, v, item)
	}
	items, err := decode[[]map[string]any](body)
	if err != nil {
		return err
	}
	if len(items) == 0 || len(items) > k.Most {
		return fmt.Errorf("%d items, want 1 to %d", len(items), k.Most)
	}
	for _, item := range items {
		if err := checkFields(k, v, item); err != nil {
			return err
		}
	}
	return nil
}

func checkFields(k traffic.Kind, v values, item map[string]any) error {
	for field, text := range k.Fields {
		if want := v.fill(text, plain); fieldOf(item, field) != want {
			return fmt.Errorf("%s is %q, want %q", field, fieldOf(item, field), want)
		}
	}
	return nil
}

// fieldOf is a field of a JSON object as text, and "" when it has none.
func fieldOf(item map[string]any, field string) string {
	value, ok := item[field]
	if !ok {
		return ""
	}
	return fmt.Sprint(value)
}

// decode reads a JSON body. It keeps numbers as they are written.
func decode[T any](body []byte) (T, error) {
	var value T
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	err := decoder.Decode(&value)
	if err == nil && decoder.More() {
		err = fmt.Errorf("it goes on after its first value")
	}
	if err != nil {
		return value, fmt.Errorf("body is not what it should be: %w", err)
	}
	return value, nil
}
