package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/load"
	"example.com/strangler/test/internal/parity"
)

// parity sends the same requests to each dark service and to the monolith, both
// by the preview header, and reports every difference in status, header or body.
func (r *rehearsal) parity(ctx context.Context) error {
	for _, s := range r.rehearsed() {
		r.screen.progress("parity of "+s.Name, r.count)
		p, began := Parity{Service: s.Name}, time.Now()
		varying := parity.Places{}
		for _, replay := range replaysOf(s, r.kinds, r.ledger, !r.recorded) {
			found, err := compare(replay.without(), func(program string) (parity.Answer, error) {
				return r.replay(ctx, replay, program)
			}, s.Name, r.catalog.Monolith.Name)
			if err != nil {
				return fmt.Errorf("parity of %s: %w", s.Name, err)
			}
			p.Requests++
			varying = varying.With(found.varying)
			if len(found.differences) > 0 {
				p.Mismatches = append(p.Mismatches, fmt.Sprintf("%s %s: %s", replay.method, replay.target, found.differences[0]))
			}
		}
		p.Varying = slices.Sorted(maps.Keys(varying))
		p.Mismatches = r.judged(began, time.Now(), p.Mismatches)
		r.report.Parity = append(r.report.Parity, p)
		r.screen.parity(p)
	}
	return nil
}

// replay is a request that both sides must answer alike.
type replay struct {
	method, target, body string
	header               map[string]string
	// writes describes the item that the request writes. Each side's request then has
	// a number of its own in place of traffic.New, and the same others. Nil means that it
	// writes none.
	writes *traffic.Item
	others map[string]values
	// differs names what two programs may fill differently.
	differs []string
}

// without are the places in which answers may differ: what the traffic says, and the id of
// what each side's request writes.
func (r replay) without() parity.Places {
	places := parity.Balancers.With(parity.PlacesOf(programHeaders...)).With(parity.PlacesOf(r.differs...))
	if r.writes != nil {
		places = places.With(parity.PlacesOf(r.writes.ID))
	}
	return places
}

// replaysOf are the requests to both sides of a service: each kind of the traffic's,
// and what a client can do wrong at each of its paths. What may write, or delete, is among these
// only on demand.
func replaysOf(s services.Service, kinds traffic.Traffic, l *ledger, writes bool) []replay {
	var all []replay
	for _, path := range kinds.Paths() {
		if !slices.Contains(s.Patterns(), path) {
			continue
		}
		for _, one := range replays(path, kinds, l, writes) {
			if slices.ContainsFunc(s.Routes, func(r services.Route) bool { return r.Takes(one.method, one.header["Host"], path) }) {
				all = append(all, one)
			}
		}
	}
	return all
}

func replays(path string, kinds traffic.Traffic, l *ledger, writes bool) []replay {
	var all []replay
	at, host := "", map[string]string{}
	for _, k := range kinds {
		if k.Path != path {
			continue
		}
		v := l.draw(k)
		one := replay{method: k.Method, target: k.Target, body: k.Body, header: k.Header, writes: k.Writes, others: v.others, differs: k.Differs}
		if k.Writes == nil {
			one.target, one.body = v.target(k), v.body(k)
		}
		all = append(all, one)
		if at == "" {
			at, _, _ = strings.Cut(one.target, "?")
		}
		if name := k.Header["Host"]; name != "" {
			host["Host"] = name
		}
	}
	if !strings.ContainsAny(path, "*?") {
		at = path
	}
	for _, target := range []string{at, at + "?limit=2", at + "?limit=0", at + "?limit=x", at + "?cursor=forged", at + "/a/b/c", at + "/"} {
		all = append(all, replay{method: "GET", target: target, header: host})
	}
	for _, method := range []string{"HEAD", "OPTIONS"} {
		all = append(all, replay{method: method, target: at, header: host})
	}
	if !writes {
		return all
	}
	for _, body := range []string{"", "[]", "{", `{"unknown":1}`, `{}`, strings.Repeat(" ", 64<<10+1)} {
		all = append(all, replay{method: "POST", target: at, body: body, header: host})
	}
	for _, method := range []string{"PUT", "DELETE"} {
		all = append(all, replay{method: method, target: at, header: host})
	}
	return all
}

// attempts is how often a comparison is repeated while the load writes between
// its two halves.
const attempts = 20

// comparison is what a request showed.
type comparison struct {
	differences []parity.Difference
	// varying are the places that one side fills differently each time.
	varying parity.Places
}

// compare sends a request to one side, the other, and the first again: when the first has not
// changed its answer in between, each difference is one. Where it changes it every time, what
// changes is left out.
func compare(without parity.Places, send func(program string) (parity.Answer, error), one, other string) (comparison, error) {
	var found comparison
	for range attempts {
		var answers [3]parity.Answer
		var err error
		for i, program := range []string{one, other, one} {
			if answers[i], err = send(program); err != nil {
				return comparison{}, err
			}
		}
		again := parity.Differences(answers[0], answers[2], without)
		found.varying = parity.Varying(again)
		found.differences = parity.Differences(answers[0], answers[1], without.With(found.varying))
		if len(again) == 0 {
			break
		}
	}
	return found, nil
}

// programHeaders are those in which the answers of two programs always differ.
var programHeaders = []string{"X-Served-By", load.ProgramHeader}

// replay sends the request to one program by the preview header.
func (r *rehearsal) replay(ctx context.Context, what replay, program string) (parity.Answer, error) {
	v := values{others: what.others}
	if what.writes != nil {
		v.number = r.ledger.next()
	}
	target, body := v.fill(what.target, plain), v.fill(what.body, plain)
	request, err := http.NewRequestWithContext(ctx, what.method, r.region.InsideURL()+target, strings.NewReader(body))
	if err != nil {
		return parity.Answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range what.header {
		request.Header.Set(name, value)
	}
	request.Host = cmp.Or(what.header["Host"], request.Host)
	request.Header.Set(services.PreviewHeader, program)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return parity.Answer{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return parity.Answer{}, err
	}
	if by := load.Program(response.Header); by != program {
		return parity.Answer{}, fmt.Errorf("%s %s%s: sent to %s and %s",
			what.method, target, shown(body), program, another(program, by, response.StatusCode))
	}
	a := parity.Answer{Status: response.StatusCode, Header: response.Header, Body: content}
	if what.writes != nil {
		mask(&a, *what.writes, v)
	}
	return a, nil
}

// shown is a body in a line, "" for none.
func shown(body string) string {
	if body == "" {
		return ""
	}
	return fmt.Sprintf(" with the body %.60q", body)
}

// another says who has answered in a program's place.
func another(program, by string, status int) string {
	if by == "" {
		return fmt.Sprintf("answered by the load balancer with status %d: the program has ended or broken the connection", status)
	}
	return fmt.Sprintf("answered by %s: no path of %s in the catalog takes that", by, program)
}

// mask writes 0 for what every item of an answer to a write has of its own: its number, its
// id where it is sent to, and the ids of others, digits of which may be the number of one
// side's item. JSON stays JSON by that.
func mask(a *parity.Answer, item traffic.Item, v values) {
	written, _ := decode[map[string]any](a.Body) // another body has no id
	if id, location := fieldOf(written, item.ID), a.Header.Get("Location"); id != "" && location != "" {
		a.Header.Set("Location", strings.ReplaceAll(location, id, own))
	}
	for _, other := range v.others {
		a.Body = word(other.id).ReplaceAll(a.Body, []byte(own))
	}
	a.Body = word(strconv.FormatInt(v.number, 10)).ReplaceAll(a.Body, []byte(own))
}

// own stands for what an item has of its own.
const own = "0"

// word matches a text where it stands as a word of its own.
func word(text string) *regexp.Regexp {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(text) + `\b`)
}
