package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

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
	// served counts the answers by path and by program.
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
	// header is set on the request. May be nil.
	header http.Header
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
	if header != nil {
		v.score.count(collectionOf(e.path), cmp.Or(program, "load balancer"))
	}
	return header, body
}

// fail counts a failure that no single request shows.
func (v *visitor) fail(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.score.failures = append(v.score.failures, err.Error())
}

func (v *visitor) send(e exchange) (http.Header, []byte, string, error) {
	request, err := http.NewRequestWithContext(v.ctx, e.method, v.door.url+e.path, strings.NewReader(e.body))
	if err != nil {
		return nil, nil, "", err
	}
	if e.header != nil {
		request.Header = e.header.Clone()
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
	if err := v.judge(e, request, response, program, body); err != nil {
		return response.Header, body, program, err
	}
	return response.Header, body, program, nil
}

func (v *visitor) judge(e exchange, request *http.Request, response *http.Response, program string, body []byte) error {
	if response.StatusCode != e.status {
		return fmt.Errorf("status %d, want %d: %.200s", response.StatusCode, e.status, body)
	}
	if allowed := v.door.mayServe(request); !slices.Contains(allowed, program) {
		return fmt.Errorf("answered by %q, the rules say %q", program, allowed)
	}
	if e.check != nil {
		return e.check(body)
	}
	return nil
}

// collectionOf is the column of the report that a path belongs to: /api/users of /api/users/ada?x.
func collectionOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	for _, collection := range collections {
		if path == collection || strings.HasPrefix(path, collection+"/") {
			return collection
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
