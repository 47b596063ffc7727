package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// traffic draws from the asks, and judges the answers. It implements load.Traffic.
type traffic struct {
	url    string
	ledger *ledger
	asks   []ask
	byName map[string]ask
	// drawn has every ask as often as its weight says.
	drawn []ask
}

func newTraffic(url string, l *ledger) *traffic {
	t := &traffic{url: url, ledger: l, asks: asks(), byName: map[string]ask{}}
	for _, a := range t.asks {
		t.byName[a.name] = a
		for range a.weight {
			t.drawn = append(t.drawn, a)
		}
	}
	return t
}

// to is the part of the traffic that counts for one of the paths.
func (t *traffic) to(paths []string) *traffic {
	part := *t
	part.drawn = slices.DeleteFunc(slices.Clone(t.drawn), func(a ask) bool { return !slices.Contains(paths, a.path) })
	return &part
}

// seed writes one item to every collection, so that there is something to read.
func (t *traffic) seed() error {
	for _, a := range t.asks {
		if !a.writes {
			continue
		}
		target := t.target(a)
		request, err := target.Request()
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return err
		}
		if err := t.accept(a, request.URL.Path, response.StatusCode, body); err != nil {
			return fmt.Errorf("%s %s: %w", a.method, request.URL.Path, err)
		}
	}
	return nil
}

// Next implements load.Traffic.
func (t *traffic) Next() vegeta.Target { return t.target(t.drawn[rand.IntN(len(t.drawn))]) }

func (t *traffic) target(a ask) vegeta.Target {
	path, body := a.target(t.ledger)
	target := vegeta.Target{Method: a.method, URL: t.url + path + "#" + a.name, Header: a.header.Clone()}
	if body != "" {
		target.Body = []byte(body)
		if target.Header == nil {
			target.Header = http.Header{}
		}
		target.Header.Set("Content-Type", "application/json")
	}
	return target
}

// Judge implements load.Traffic.
func (t *traffic) Judge(r *vegeta.Result) (path, failure string) {
	sent, name, _ := strings.Cut(strings.TrimPrefix(r.URL, t.url), "#")
	a := t.byName[name]
	if r.Code == 0 {
		return a.path, fmt.Sprintf("%s %s: no answer: %s", a.method, sent, r.Error)
	}
	target, _ := url.Parse(sent)
	if err := t.accept(a, target.Path, int(r.Code), r.Body); err != nil {
		return a.path, fmt.Sprintf("%s %s: %v", a.method, sent, err)
	}
	return a.path, ""
}

// accept says what is wrong with an answer, and notes the write that a right one
// acknowledges.
func (t *traffic) accept(a ask, path string, status int, body []byte) error {
	if status != a.status {
		return fmt.Errorf("status %d, want %d: %.100s", status, a.status, strings.TrimSpace(string(body)))
	}
	if a.check != nil {
		if err := a.check(path, body); err != nil {
			return err
		}
	}
	if !a.writes {
		return nil
	}
	written, err := decode[item](body)
	if err == nil {
		t.ledger.add(a.path, written)
	}
	return err
}
