package main

import (
	"bytes"
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
)

// parity sends the same requests to each dark service and to the monolith, both
// by the preview header, and reports every difference in status, header or body.
func (r *rehearsal) parity(ctx context.Context) error {
	for _, s := range r.catalog.Services {
		r.screen.progress("parity of "+s.Name, r.count)
		p, began := Parity{Service: s.Name}, time.Now()
		for _, replay := range replaysOf(s, r.kinds, r.ledger) {
			difference, err := compare(s.Name, r.catalog.Monolith.Name, func(program string) (answer, error) {
				return r.replay(ctx, replay, program)
			})
			if err != nil {
				return fmt.Errorf("parity of %s: %w", s.Name, err)
			}
			p.Requests++
			if difference != "" {
				p.Mismatches = append(p.Mismatches, fmt.Sprintf("%s %s: %s", replay.method, replay.target, difference))
			}
		}
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
}

// replaysOf are the requests to both sides of a service: each kind of the traffic's,
// and what a client can do wrong at each of its paths.
func replaysOf(s services.Service, kinds traffic.Traffic, l *ledger) []replay {
	var all []replay
	for _, path := range kinds.Paths() {
		if !slices.Contains(s.Patterns(), path) {
			continue
		}
		for _, one := range replays(path, kinds, l) {
			if slices.ContainsFunc(s.Routes, func(r services.Route) bool { return r.Takes(one.method, one.header["Host"], path) }) {
				all = append(all, one)
			}
		}
	}
	return all
}

func replays(path string, kinds traffic.Traffic, l *ledger) []replay {
	var all []replay
	at, host := "", map[string]string{}
	for _, k := range kinds {
		if k.Path != path {
			continue
		}
		v := l.draw(k)
		one := replay{method: k.Method, target: k.Target, body: k.Body, header: k.Header, writes: k.Writes, others: v.others}
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
	for _, body := range []string{"", "[]", "{", `{"unknown":1}`, `{}`, strings.Repeat(" ", 64<<10+1)} {
		all = append(all, replay{method: "POST", target: at, body: body, header: host})
	}
	for _, method := range []string{"HEAD", "PUT", "DELETE", "OPTIONS"} {
		all = append(all, replay{method: method, target: at, header: host})
	}
	return all
}

// attempts is how often a comparison is repeated while the load writes between
// its two halves.
const attempts = 20

// compare sends a request to one side, the other, and the first again: only when the
// first has not changed its answer in between is a difference one.
func compare(one, other string, send func(program string) (answer, error)) (difference string, err error) {
	for range attempts {
		var answers [3]answer
		for i, program := range []string{one, other, one} {
			if answers[i], err = send(program); err != nil {
				return "", err
			}
		}
		if answers[0].differs(answers[2]) != "" {
			continue
		}
		return answers[0].differs(answers[1]), nil
	}
	return fmt.Sprintf("%s does not answer twice alike", one), nil
}

// answer is a response without X-Served-By, Date, and what the rehearsal adds.
type answer struct {
	status int
	header http.Header
	body   string
}

// differs describes the first difference to another answer, or is "".
func (a answer) differs(b answer) string {
	if a.status != b.status {
		return fmt.Sprintf("status %d and %d", a.status, b.status)
	}
	for _, name := range slices.Sorted(maps.Keys(merged(a.header, b.header))) {
		if !slices.Equal(a.header[name], b.header[name]) {
			return fmt.Sprintf("%s: %q and %q", name, a.header[name], b.header[name])
		}
	}
	if a.body != b.body {
		return fmt.Sprintf("body %.100q and %.100q", a.body, b.body)
	}
	return ""
}

func merged(a, b http.Header) http.Header {
	all := a.Clone()
	maps.Copy(all, b)
	return all
}

// programHeaders are those in which the answers of two programs always differ.
var programHeaders = []string{"X-Served-By", "Date", load.ProgramHeader}

// replay sends the request to one program by the preview header.
func (r *rehearsal) replay(ctx context.Context, what replay, program string) (answer, error) {
	v := values{others: what.others}
	if what.writes != nil {
		v.number = r.ledger.next()
	}
	target, body := v.fill(what.target, plain), v.fill(what.body, plain)
	request, err := http.NewRequestWithContext(ctx, what.method, r.region.InsideURL()+target, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range what.header {
		request.Header.Set(name, value)
	}
	request.Host = cmp.Or(what.header["Host"], request.Host)
	request.Header.Set(services.PreviewHeader, program)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	if by := load.Program(response.Header); by != program {
		return answer{}, fmt.Errorf("%s %s: sent to %s and answered by %q", what.method, target, program, by)
	}
	a := answer{response.StatusCode, response.Header.Clone(), string(content)}
	for _, name := range programHeaders {
		a.header.Del(name)
	}
	if what.writes != nil {
		a.mask(*what.writes, v)
	}
	return a, nil
}

// mask takes out of the answer to a write what differs for every item. The ids of others
// go first: digits of theirs may be the number of one side's item.
func (a *answer) mask(item traffic.Item, v values) {
	written, _ := decode[map[string]any]([]byte(a.body)) // another body has nothing to take out
	a.header.Del("Content-Length")
	if id, location := fieldOf(written, item.ID), a.header.Get("Location"); id != "" && location != "" {
		a.header.Set("Location", strings.ReplaceAll(location, id, "…"))
	}
	body := []byte(a.body)
	for _, field := range append([]string{item.ID}, item.Differs...) {
		value := regexp.MustCompile(`("` + regexp.QuoteMeta(field) + `"\s*:\s*)("[^"]*"|[-+.\w]+)`)
		body = value.ReplaceAll(body, []byte(`${1}"…"`))
	}
	for _, other := range v.others {
		body = word(other.id).ReplaceAll(body, []byte("…"))
	}
	a.body = string(bytes.TrimSpace(word(strconv.FormatInt(v.number, 10)).ReplaceAll(body, []byte("…"))))
}

// word matches a text where it stands as a word of its own.
func word(text string) *regexp.Regexp {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(text) + `\b`)
}
