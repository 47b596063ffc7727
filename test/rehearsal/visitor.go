package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"example.com/forum/services"
)

// loadBalancer stands in the report for answers that no program gave.
const loadBalancer = "load balancer"

// visitor sends requests through the front door and keeps the score.
type visitor struct {
	ctx    context.Context
	door   *door
	client *http.Client

	mu    sync.Mutex
	score score
}

// score is what one step's requests met.
type score struct {
	requests int
	failures []string
	// served counts the answers by path and by program, but for those that a
	// header has routed.
	served map[string]map[string]int
}

func (s score) count(collection, program string) {
	if s.served[collection] == nil {
		s.served[collection] = map[string]int{}
	}
	s.served[collection][program]++
}

func newVisitor(ctx context.Context, door *door) *visitor {
	return &visitor{
		ctx:    ctx,
		door:   door,
		client: &http.Client{Timeout: requestTimeout},
		score:  score{served: map[string]map[string]int{}},
	}
}

// exchange is a request and the answer it must get.
type exchange struct {
	method, path, body string
	// routeTo is sent as X-Route-To. Empty means not at all.
	routeTo string
	// inside comes from an address that X-Route-To is for.
	inside bool
	// status the answer must have.
	status int
	// check looks at the answer's body. May be nil.
	check func(body []byte) error
}

// do sends one request. Everything wrong with the answer is one failure: no
// answer, another status, a body that fails its check, or a program that by the
// listener's rules has no share of the request. It returns the answer's header
// and body, empty where there was none.
func (v *visitor) do(e exchange) (http.Header, []byte) {
	header, body, program, err := v.send(e)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.score.requests++
	if err != nil {
		v.score.failures = append(v.score.failures, fmt.Sprintf("%s %s: %v", e.method, e.path, err))
	}
	if header != nil && !e.inside {
		v.score.count(e.column(), cmp.Or(program, loadBalancer))
	}
	return header, body
}

// checkPhases counts a failure for each path that was not answered by just the
// programs that the step's phases name. With 200 requests a share of 10% goes
// unseen once in a billion steps.
func (v *visitor) checkPhases(c services.Catalog, step step) {
	check := func(path string, want ...string) {
		got := slices.Sorted(maps.Keys(v.score.served[path]))
		if slices.Sort(want); !slices.Equal(got, want) {
			v.fail(fmt.Errorf("%s: answered by %q, the phases say %q", path, got, want))
		}
	}
	for _, s := range c.Services {
		for _, f := range features() {
			if !slices.Contains(s.Paths, f.path) {
				continue
			}
			want, err := step.serving(c, s.Name)
			if err != nil {
				v.fail(err)
				continue
			}
			check(f.path, want...)
		}
	}
	check(elsewhere, step.rest(c))
}

// fail counts a failure that no single request shows.
func (v *visitor) fail(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.score.failures = append(v.score.failures, err.Error())
}

func (v *visitor) send(e exchange) (http.Header, []byte, string, error) {
	url, address := v.door.url, outsideAddress
	if e.inside {
		url, address = v.door.insideURL, v.door.insideAddress()
	}
	request, err := http.NewRequestWithContext(v.ctx, e.method, url+e.path, strings.NewReader(e.body))
	if err != nil {
		return nil, nil, "", err
	}
	if e.routeTo != "" {
		request.Header.Set(services.PreviewHeader, e.routeTo)
	}
	if e.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := v.client.Do(request)
	if err != nil {
		return nil, nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, nil, "", err
	}
	program := response.Header.Get("X-Served-By")
	return response.Header, body, program, judge(e, response.StatusCode, body, program, v.door.mayServe(request, address))
}

func judge(e exchange, status int, body []byte, program string, allowed []string) error {
	if status != e.status {
		return fmt.Errorf("status %d, want %d: %.200s", status, e.status, body)
	}
	if !slices.Contains(allowed, program) {
		return fmt.Errorf("answered by %q, the rules say %q", program, allowed)
	}
	if e.check != nil {
		return e.check(body)
	}
	return nil
}

// column is the part of the report that an exchange counts in.
func (e exchange) column() string {
	path, _, _ := strings.Cut(e.path, "?")
	for _, f := range features() {
		if path == f.path || strings.HasPrefix(path, f.path+"/") {
			return f.path
		}
	}
	return elsewhere
}

// decode reads a JSON body for a check.
func decode[T any](body []byte) (T, error) {
	var value T
	if err := json.Unmarshal(body, &value); err != nil {
		return value, fmt.Errorf("body is not what it should be: %w", err)
	}
	return value, nil
}
