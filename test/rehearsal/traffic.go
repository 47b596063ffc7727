package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/load"
)

// stream draws requests from the kinds, and judges the answers. It implements load.Traffic.
type stream struct {
	url    string
	ledger *ledger
	kinds  traffic.Traffic
	byName map[string]traffic.Kind
	// drawn has every kind as often as its weight says.
	drawn []traffic.Kind
}

func newStream(url string, kinds traffic.Traffic, l *ledger) *stream {
	s := &stream{url: url, ledger: l, kinds: kinds, byName: map[string]traffic.Kind{}}
	for _, k := range kinds {
		s.byName[k.Name] = k
		for range k.Weight {
			s.drawn = append(s.drawn, k)
		}
	}
	return s
}

// to is the part of the traffic that counts for one of the paths.
func (s *stream) to(paths []string) *stream {
	part := *s
	part.drawn = slices.DeleteFunc(slices.Clone(s.drawn), func(k traffic.Kind) bool { return !slices.Contains(paths, k.Path) })
	return &part
}

// seed writes one item of every kind that writes, so that there is something to
// read, and then learns what the kinds without a status are answered with.
func seed(url string, kinds traffic.Traffic, l *ledger) error {
	s := newStream(url, kinds, l)
	for _, k := range kinds {
		if k.Writes == nil {
			continue
		}
		if err := s.send(k, func(v values, program string, status int, body []byte) error {
			return s.accept(k, v, program, status, body)
		}); err != nil {
			return err
		}
	}
	for i, k := range kinds {
		if k.Status != 0 {
			continue
		}
		if err := s.send(k, func(_ values, _ string, status int, _ []byte) error {
			if status >= http.StatusInternalServerError {
				return fmt.Errorf("status %d, want one below 500", status)
			}
			kinds[i].Status = status
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// send sends one request of a kind, and takes its answer.
func (s *stream) send(k traffic.Kind, take func(v values, program string, status int, body []byte) error) error {
	target, v := s.target(k)
	request, err := target.Request()
	if err != nil {
		return err
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil {
		err = take(v, load.Program(response.Header), response.StatusCode, body)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", k.Method, request.URL.Path, err)
	}
	return nil
}

// Next implements load.Traffic.
func (s *stream) Next() vegeta.Target {
	target, _ := s.target(s.drawn[rand.IntN(len(s.drawn))])
	return target
}

// target makes a request of a kind. The fragment, which is not sent, has the name
// of the kind and the numbers of its values.
func (s *stream) target(k traffic.Kind) (vegeta.Target, values) {
	v := s.ledger.draw(k)
	target := vegeta.Target{Method: k.Method, URL: fmt.Sprintf("%s%s#%s:%s", s.url, v.target(k), k.Name, v.numbers(k)), Header: http.Header{}}
	if k.Body != "" {
		target.Body = []byte(v.body(k))
		target.Header.Set("Content-Type", "application/json")
	}
	for name, value := range k.Header {
		target.Header.Set(name, value)
	}
	return target, v
}

// Judge implements load.Traffic.
func (s *stream) Judge(r *vegeta.Result) load.Judgement {
	sent, mark, _ := strings.Cut(strings.TrimPrefix(r.URL, s.url), "#")
	name, numbers, _ := strings.Cut(mark, ":")
	k := s.byName[name]
	judged := load.Judgement{Path: groupOf(k), Route: k.Route(), Needs: k.Needs}
	if r.Code == 0 {
		judged.Failure = fmt.Sprintf("%s %s: no answer: %s", k.Method, sent, r.Error)
	} else if err := s.accept(k, s.ledger.of(k, numbers), load.Program(r.Headers), int(r.Code), r.Body); err != nil {
		judged.Failure = fmt.Sprintf("%s %s: %v", k.Method, sent, err)
	}
	return judged
}

// accept says what is wrong with an answer, and notes the write that a right one
// acknowledges.
func (s *stream) accept(k traffic.Kind, v values, program string, status int, body []byte) error {
	if k.Path == "" && status == http.StatusNotFound && program == "" {
		return nil // the load balancer's own: whether it may be is judged by the shares
	}
	if slices.Contains(k.Also, status) {
		return nil
	}
	if status != k.Status {
		return fmt.Errorf("status %d, want %d: %.100s", status, k.Status, strings.TrimSpace(string(body)))
	}
	if err := checkBody(k, v, body); err != nil {
		return err
	}
	if k.Writes == nil {
		return nil
	}
	written, err := decode[map[string]any](body)
	if err != nil {
		return err
	}
	if v.id = fieldOf(written, k.Writes.ID); v.id == "" {
		return fmt.Errorf("the answer to a write has no field %q", k.Writes.ID)
	}
	s.ledger.add(k.Path, v)
	return nil
}
