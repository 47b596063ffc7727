package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"example.com/strangler/services"
)

// parity sends the same requests to each dark service and to the monolith, both
// by the preview header, and reports every difference in status, header or body.
func (r *rehearsal) parity(ctx context.Context) error {
	for _, s := range r.catalog.Services {
		for _, path := range asked() {
			if !slices.Contains(s.Paths, path) {
				continue
			}
			r.screen.progress("parity of "+s.Name, r.count)
			p := Parity{Service: s.Name}
			for _, replay := range replays(path, r.ledger) {
				difference, err := compare(s.Name, r.catalog.Monolith.Name, func(program string) (answer, error) {
					return r.ask(ctx, replay, program)
				})
				if err != nil {
					return fmt.Errorf("parity of %s: %w", s.Name, err)
				}
				p.Requests++
				if difference != "" {
					p.Mismatches = append(p.Mismatches, fmt.Sprintf("%s %s: %s", replay.method, replay.target, difference))
				}
			}
			r.report.Parity = append(r.report.Parity, p)
			r.screen.parity(p)
		}
	}
	return nil
}

// replay is a request that both sides must answer alike.
type replay struct {
	method, target, body string
	// creates gives each side's request a name of its own, at the place of %s.
	creates bool
}

// replays are what both sides of a path are asked: each kind of the traffic's
// requests, and whatever a client can do wrong.
func replays(path string, l *ledger) []replay {
	var all []replay
	for _, a := range asks() {
		if a.path != path {
			continue
		}
		target, body := a.target(l)
		all = append(all, replay{method: a.method, target: target, body: body, creates: a.writes})
	}
	for _, target := range []string{path, path + "?limit=2", path + "?limit=0", path + "?limit=x", path + "?cursor=forged", path + "/a/b/c", path + "/"} {
		all = append(all, replay{method: "GET", target: target})
	}
	for _, body := range []string{"", "[]", "{", `{"unknown":1}`, `{}`, strings.Repeat(" ", 64<<10+1)} {
		all = append(all, replay{method: "POST", target: path, body: body})
	}
	for _, method := range []string{"HEAD", "PUT", "DELETE", "OPTIONS"} {
		all = append(all, replay{method: method, target: path})
	}
	return all
}

// attempts is how often a comparison is repeated while the load writes between
// its two halves.
const attempts = 20

// compare asks one side, the other, and the first again: only when the first has
// not changed its answer in between is a difference one.
func compare(one, other string, ask func(program string) (answer, error)) (difference string, err error) {
	for range attempts {
		var answers [3]answer
		for i, program := range []string{one, other, one} {
			if answers[i], err = ask(program); err != nil {
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

// answer is what a side has said, but for what must differ.
type answer struct {
	status int
	header http.Header
	body   string
}

// differs says how another answer is not the same.
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

// own are the headers in which two programs differ by their nature.
var own = []string{"X-Served-By", "Date"}

// ask sends the request to one program by the preview header.
func (r *rehearsal) ask(ctx context.Context, what replay, program string) (answer, error) {
	body := what.body
	if what.creates {
		body = renamed(body, r.ledger.next())
	}
	request, err := http.NewRequestWithContext(ctx, what.method, r.region.InsideURL()+what.target, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set(services.PreviewHeader, program)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	if by := response.Header.Get("X-Served-By"); by != program {
		return answer{}, fmt.Errorf("%s %s: asked for %s and got %q", what.method, what.target, program, by)
	}
	a := answer{response.StatusCode, response.Header.Clone(), string(content)}
	for _, name := range own {
		a.header.Del(name)
	}
	if what.creates {
		a.mask()
	}
	return a, nil
}

var number = regexp.MustCompile(`(visitor|thread|writer|Visitor|Thread|Post)([- ])\d+`)

// renamed gives a draft the number n in place of its own.
func renamed(draft string, n int64) string {
	return number.ReplaceAllString(draft, fmt.Sprintf("${1}${2}%d", n))
}

var (
	id      = regexp.MustCompile(`"id":"[^"]*"`)
	created = regexp.MustCompile(`"created":"[^"]*"`)
)

// mask takes out what is another for every item that is created.
func (a *answer) mask() {
	body := id.ReplaceAll([]byte(a.body), []byte(`"id":"…"`))
	body = created.ReplaceAll(body, []byte(`"created":"…"`))
	a.body = string(bytes.TrimSpace(number.ReplaceAll(body, []byte("${1}${2}…"))))
	a.header.Del("Content-Length")
	if location := a.header.Get("Location"); location != "" {
		a.header.Set("Location", location[:strings.LastIndex(location, "/")+1]+"…")
	}
}
