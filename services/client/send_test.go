package client

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// network is the network's double: it answers each attempt.
type network func(*http.Request) (*http.Response, error)

func (n network) RoundTrip(r *http.Request) (*http.Response, error) { return n(r) }

// saved returns a client with a full budget.
func saved(n network) *Client {
	c := &Client{service: "alpha", base: "http://alpha", transport: n}
	for range maxSavings * callsPerRetry {
		c.budget.call()
	}
	return c
}

func answer(status int, headers ...string) (*http.Response, error) {
	header := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader("{}"))}, nil
}

var errRefused = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}

// TestRetries has a service whose first answer is given and whose second is right. A
// retry comes after a pause, and only where it does no harm and may help.
func TestRetries(t *testing.T) {
	for name, c := range map[string]struct {
		method      string
		first       network
		attempts    int
		least, most time.Duration
	}{
		"a right answer": {"GET", func(*http.Request) (*http.Response, error) { return answer(200) }, 1, 0, 0},
		"refused":        {"GET", func(*http.Request) (*http.Response, error) { return nil, errRefused }, 2, 0, jitter},
		"refused, HEAD":  {"HEAD", func(*http.Request) (*http.Response, error) { return nil, errRefused }, 2, 0, jitter},
		"refused, POST":  {"POST", func(*http.Request) (*http.Response, error) { return nil, errRefused }, 1, 0, 0},
		"refused, PUT":   {"PUT", func(*http.Request) (*http.Response, error) { return nil, errRefused }, 1, 0, 0},
		"502":            {"GET", func(*http.Request) (*http.Response, error) { return answer(502) }, 2, 0, jitter},
		"503":            {"GET", func(*http.Request) (*http.Response, error) { return answer(503) }, 2, 0, jitter},
		"504":            {"GET", func(*http.Request) (*http.Response, error) { return answer(504) }, 2, 0, jitter},
		"503, DELETE":    {"DELETE", func(*http.Request) (*http.Response, error) { return answer(503) }, 1, 0, 0},
		"404":            {"GET", func(*http.Request) (*http.Response, error) { return answer(404) }, 1, 0, 0},
		"429":            {"GET", func(*http.Request) (*http.Response, error) { return answer(429) }, 1, 0, 0},
		"500":            {"GET", func(*http.Request) (*http.Response, error) { return answer(500) }, 1, 0, 0},
		"a redirect":     {"GET", func(*http.Request) (*http.Response, error) { return answer(302, "Location", "http://beta") }, 1, 0, 0},
		"a hung attempt": {"GET", hang, 2, AttemptTimeout, AttemptTimeout + jitter},
		"Retry-After": {
			"GET", func(*http.Request) (*http.Response, error) { return answer(503, "Retry-After", "1") }, 2, time.Second, time.Second + jitter,
		},
		"Retry-After, a date": {
			"GET",
			func(*http.Request) (*http.Response, error) {
				return answer(503, "Retry-After", time.Now().Add(time.Second).UTC().Format(http.TimeFormat))
			},
			2, time.Second, time.Second + jitter,
		},
		"Retry-After, a past date": {
			"GET", func(*http.Request) (*http.Response, error) {
				return answer(503, "Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT")
			}, 2, 0, jitter,
		},
		"Retry-After, no time": {"GET", func(*http.Request) (*http.Response, error) { return answer(503, "Retry-After", "-1") }, 2, 0, jitter},
		"Retry-After, too late": {
			"GET", func(*http.Request) (*http.Response, error) { return answer(503, "Retry-After", "2") }, 1, 0, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				one := saved(func(r *http.Request) (*http.Response, error) {
					if attempts++; attempts == 1 {
						return c.first(r)
					}
					return answer(200)
				})
				began := time.Now()
				err := one.Do(t.Context(), c.method, "/", nil, nil)
				assert.Equal(t, c.attempts, attempts)
				assert.GreaterOrEqual(t, time.Since(began), c.least)
				assert.LessOrEqual(t, time.Since(began), c.most)
				assert.Equal(t, c.attempts == 2 || name == "a right answer", err == nil, "%v", err)
			})
		})
	}
}

// hang is a service that does not answer.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// No call outlasts its own limit or the deadline of its request, and what came too late
// is unavailable.
func TestDeadline(t *testing.T) {
	for name, c := range map[string]struct {
		deadline time.Duration
		attempts int
		most     time.Duration
	}{
		"the client's":               {time.Hour, 2, 2*AttemptTimeout + jitter},
		"the request's":              {300 * time.Millisecond, 1, 300 * time.Millisecond},
		"no time for a whole retry":  {AttemptTimeout + jitter, 1, AttemptTimeout},
		"the request's, in a second": {2*AttemptTimeout + jitter, 2, 2*AttemptTimeout + jitter},
		"over":                       {0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				one := saved(func(r *http.Request) (*http.Response, error) {
					attempts++
					return hang(r)
				})
				ctx, cancel := context.WithTimeout(t.Context(), c.deadline)
				defer cancel()
				began := time.Now()
				err := one.Do(ctx, http.MethodGet, "/", nil, nil)
				assert.ErrorIs(t, err, ErrUnavailable)
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.LessOrEqual(t, time.Since(began), c.most)
				assert.Equal(t, c.attempts, attempts)
			})
		})
	}
}

// A body that trickles does not keep a call longer than its attempt.
func TestSlowBodyEnds(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("{"))
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	began := time.Now()
	assert.ErrorIs(t, c.Do(t.Context(), http.MethodGet, "/", nil, nil), ErrUnavailable)
	assert.Less(t, time.Since(began), 2*AttemptTimeout)
}

// A caller who goes takes the call along, and is no reason to repeat it or to say that
// the service is down.
func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		one := saved(func(r *http.Request) (*http.Response, error) {
			attempts++
			return hang(r)
		})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(AttemptTimeout/2, cancel)
		began := time.Now()
		err := one.Do(ctx, http.MethodGet, "/", nil, nil)
		assert.ErrorIs(t, err, context.Canceled)
		assert.NotErrorIs(t, err, ErrUnavailable)
		assert.Equal(t, AttemptTimeout/2, time.Since(began))
		assert.Equal(t, 1, attempts)
		assert.Equal(t, maxSavings*callsPerRetry, one.budget.calls, "the budget is not spent")
	})
}

// A service that fails every call gets a tenth more of them, and once it is well no more
// than there are.
func TestNoRetryStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts, status := 0, 503
		one := &Client{service: "alpha", transport: network(func(*http.Request) (*http.Response, error) {
			attempts++
			return answer(status)
		})}
		const calls = 1000
		for range calls {
			one.Do(t.Context(), http.MethodGet, "/", nil, nil)
			assert.LessOrEqual(t, attempts, calls+calls/callsPerRetry)
		}
		assert.Equal(t, calls+calls/callsPerRetry, attempts)
		attempts, status = 0, 200
		for range calls {
			assert.NoError(t, one.Do(t.Context(), http.MethodGet, "/", nil, nil))
		}
		assert.Equal(t, calls, attempts)
	})
}

// The tenth call pays for the first retry, and no number of calls for more than maxSavings.
func TestSavings(t *testing.T) {
	var b budget
	for range callsPerRetry {
		assert.False(t, b.retry())
		b.call()
	}
	assert.True(t, b.retry())
	assert.False(t, b.retry())
	for range 10 * maxSavings * callsPerRetry {
		b.call()
	}
	for range maxSavings {
		assert.True(t, b.retry())
	}
	assert.False(t, b.retry())
}

// However calls and retries follow each other, a tenth of the calls is retried at most,
// and in any part of them no more than maxSavings beyond that.
func TestBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b budget
		calls, retries := []int{0}, []int{0} // so far, after each event
		for _, retry := range rapid.SliceOfN(rapid.Bool(), 1, 400).Draw(t, "events") {
			n := len(calls) - 1
			if retry && b.retry() {
				calls, retries = append(calls, calls[n]), append(retries, retries[n]+1)
			} else if !retry {
				many := rapid.IntRange(1, 50).Draw(t, "calls")
				for range many {
					b.call()
				}
				calls, retries = append(calls, calls[n]+many), append(retries, retries[n])
			}
		}
		last := len(calls) - 1
		for i := range calls {
			assert.LessOrEqual(t, callsPerRetry*retries[i], calls[i])
			assert.LessOrEqual(t, callsPerRetry*(retries[last]-retries[i]), calls[last]-calls[i]+callsPerRetry*maxSavings)
		}
	})
}
