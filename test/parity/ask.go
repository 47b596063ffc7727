package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/parity"
)

const (
	// timeout is how long an answer may take.
	timeout = 10 * time.Second
	// mostBytes is as much of a body as is compared. Of a longer one the rest is not read.
	mostBytes = 1 << 20
)

// side is one of the two that are asked.
type side struct {
	name string
	// header is the value of the preview header, and empty for none.
	header string
	// proof is what its answers have in the header that tells the two apart.
	proof string
}

// sides asks both.
type sides struct {
	transport         *http.Transport
	url, header       string
	service, monolith side
}

func newSides(o options, service, monolith string) *sides {
	s := &sides{
		transport: http.DefaultTransport.(*http.Transport).Clone(),
		url:       strings.TrimSuffix(o.url, "/"), header: o.proof,
		service: side{name: service, header: service}, monolith: side{name: monolith, header: monolith},
	}
	if o.external {
		s.monolith.header = ""
	}
	return s
}

// timed is an answer and how long it took.
type timed struct {
	parity.Answer
	took time.Duration
}

// triple asks the monolith twice and the service once, in any order.
func (s *sides) triple(ctx context.Context, r request, next <-chan time.Time) (one, again, other timed, err error) {
	answers := [3]*timed{&one, &again, &other}
	for _, i := range rand.Perm(len(answers)) {
		who := &s.monolith
		if i == 2 {
			who = &s.service
		}
		select {
		case <-ctx.Done():
			return one, again, other, ctx.Err()
		case <-next:
		}
		if *answers[i], err = s.ask(ctx, r, who); err != nil {
			return one, again, other, err
		}
	}
	return one, again, other, s.tellApart()
}

// ask sends a request to one side.
func (s *sides) ask(ctx context.Context, r request, who *side) (timed, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	sent, err := r.to(ctx, s.url)
	if err != nil {
		return timed{}, err
	}
	if who.header != "" {
		sent.Header.Set(services.PreviewHeader, who.header)
	}
	began := time.Now()
	response, err := s.transport.RoundTrip(sent) // which follows no redirect
	if errors.Is(err, context.DeadlineExceeded) {
		return timed{Answer: parity.Answer{Status: http.StatusGatewayTimeout}, took: timeout}, nil
	}
	if err != nil {
		return timed{}, fmt.Errorf("%s: %w", who.name, err)
	}
	defer response.Body.Close()
	if err := s.prove(who, response); err != nil {
		return timed{}, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, mostBytes))
	switch {
	case errors.Is(err, context.DeadlineExceeded): // such as a stream of events
		return timed{Answer: parity.Answer{Status: http.StatusGatewayTimeout}, took: timeout}, nil
	case errors.Is(err, context.Canceled):
		return timed{}, fmt.Errorf("%s: %w", who.name, err)
	case err != nil: // an answer that breaks off
		return timed{Answer: parity.Answer{Status: http.StatusBadGateway}, took: time.Since(began)}, nil
	}
	return timed{parity.Answer{Status: response.StatusCode, Header: response.Header, Body: body}, time.Since(began)}, nil
}

// to is the request to a load balancer.
func (r request) to(ctx context.Context, url string) (*http.Request, error) {
	var kind traffic.Kind
	if r.kind != nil {
		kind = *r.kind
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, url+r.target, strings.NewReader(kind.Body))
	if err != nil {
		return nil, err
	}
	sent.Host = cmp.Or(r.host, sent.Host)
	if kind.Body != "" {
		sent.Header.Set("Content-Type", "application/json")
	}
	for name, value := range kind.Header {
		sent.Header.Set(name, value)
	}
	return sent, nil
}

// prove checks that a side names itself as it did before. A load balancer answers 5xx itself, and
// names no program.
func (s *sides) prove(who *side, response *http.Response) error {
	proof := response.Header.Get(s.header)
	switch {
	case proof == "" && response.StatusCode >= http.StatusInternalServerError:
	case proof == "":
		return fmt.Errorf("status %d from %s without %s: who answered is not known: name a header with --proof in which the two differ, "+
			"such as Server, or ask from an address in previewFrom", response.StatusCode, who.name, s.header)
	case who.proof == "":
		who.proof = proof
	case who.proof != proof:
		return fmt.Errorf("%s answers as %q and as %q in %s: another program answers for it", who.name, who.proof, proof, s.header)
	}
	return nil
}

// tellApart checks that the two sides are two programs.
func (s *sides) tellApart() error {
	if s.service.proof != s.monolith.proof || s.service.proof == "" {
		return nil
	}
	return fmt.Errorf("both sides answer as %q in %s: the preview header did nothing: ask from an address in previewFrom, or name a "+
		"header with --proof in which the two differ", s.service.proof, s.header)
}
