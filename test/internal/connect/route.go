// Package connect is the proxy that ECS Service Connect puts into a task, as far as it
// decides what becomes of a request: which task of the callee gets it, how often it is
// sent, and what the caller is answered when no task answers.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
package connect

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Settings are the times of a proxy.
type Settings struct {
	// RequestTimeout is how long a request may take with its retries. Zero means no limit.
	RequestTimeout time.Duration
	// IdleTimeout is how long a connection to a task stays open without requests. Zero
	// means no limit.
	IdleTimeout time.Duration
	// Ejection says when a proxy avoids a task.
	Ejection Ejection
}

// Counts are what one program has sent to another.
type Counts struct {
	// Requests are those that the caller's programs have sent to their proxies. Failures
	// are those of them that got a 5xx or no whole answer.
	Requests, Failures atomic.Int64
	// Attempts are what the proxies have sent to the callee's tasks, retries included.
	Attempts atomic.Int64
}

// Route leads from one proxy to the tasks of one callee, in turn. It is an [http.Handler],
// and safe for concurrent use.
type Route struct {
	name      string
	hosts     func() []string
	settings  Settings
	counts    *Counts
	transport *http.Transport

	mu sync.Mutex
	// turn counts attempts, for round robin.
	turn int
	// outliers are the failures of hosts, by address.
	outliers map[string]*outlier
}

// Dial opens a connection to a task. Its context ends when the proxy gives up.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// NewRoute returns a route to the callee that the caller knows by a name, "host" or
// "host:port". Hosts returns the addresses of the callee's tasks at any time.
func NewRoute(name string, hosts func() []string, dial Dial, s Settings, counts *Counts) *Route {
	r := &Route{name: name, hosts: hosts, settings: s, counts: counts, outliers: map[string]*outlier{}}
	r.transport = &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			ctx, cancel := r.limit(ctx)
			defer cancel()
			conn, err := dial(ctx, network, address)
			if err != nil {
				return nil, dialError{err}
			}
			return conn, nil
		},
		MaxIdleConnsPerHost: idleConnections,
		IdleConnTimeout:     s.IdleTimeout,
		// The proxy must not ask for compression that the caller did not ask for.
		DisableCompression: true,
	}
	return r
}

// idleConnections is how many idle connections a proxy keeps open to one task. AWS
// documents no number.
const idleConnections = 256

// Close closes the connections that are idle.
func (r *Route) Close() { r.transport.CloseIdleConnections() }

// dialError is the error of a connection that was not made.
type dialError struct{ error }

func (e dialError) Unwrap() error { return e.error }

func (r *Route) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.settings.RequestTimeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, r.settings.RequestTimeout)
}

// ServeHTTP sends a request to a task of the callee. The task gets the name that the
// caller has used as its Host.
func (r *Route) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	ctx, cancel := r.limit(request.Context())
	defer cancel()
	failed := true // also when the response breaks off
	defer func() { r.count(failed) }()
	status := 0
	proxy := &httputil.ReverseProxy{
		Transport: retrying{r},
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: r.name})
			p.Out.Host = r.name
			// ReverseProxy drops the parts of a query that Go cannot parse.
			p.Out.URL.RawQuery = p.In.URL.RawQuery
			for _, name := range forwarded {
				if values, ok := p.In.Header[name]; ok {
					p.Out.Header[name] = values
				}
			}
		},
		ModifyResponse: func(response *http.Response) error {
			status = response.StatusCode
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) { status = writeError(w, err) },
		ErrorLog:     discard,
	}
	proxy.ServeHTTP(w, request.WithContext(ctx))
	failed = status >= http.StatusInternalServerError
}

func (r *Route) count(failed bool) {
	r.counts.Requests.Add(1)
	if failed {
		r.counts.Failures.Add(1)
	}
}

// forwarded are headers of the caller that ReverseProxy drops.
var forwarded = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}

var discard = log.New(io.Discard, "", 0)

var errNoHost = errors.New("no healthy upstream")

// writeError writes 504 when the time was over, and 503 when there was no task, none
// accepted a connection, or the one that got the request broke the connection. The texts
// are Envoy's, which Service Connect runs.
//
// https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#config-access-log-format-response-flags
func writeError(w http.ResponseWriter, err error) (status int) {
	status, text := http.StatusServiceUnavailable, "upstream connect error or disconnect/reset before headers"
	switch {
	case errors.Is(err, errNoHost):
		text = errNoHost.Error()
	case errors.Is(err, context.DeadlineExceeded):
		status, text = http.StatusGatewayTimeout, "upstream request timeout"
	}
	http.Error(w, text, status)
	return status
}

// next returns the host whose turn it is, without those that have been tried and those
// that are ejected. When that leaves none there is none: whether Service Connect would
// then try all of them, as Envoy may, is not documented.
func (r *Route) next(tried []string) (host string, ok bool) {
	hosts := r.hosts()
	r.mu.Lock()
	defer r.mu.Unlock()
	for address := range r.outliers {
		if !slices.Contains(hosts, address) {
			delete(r.outliers, address)
		}
	}
	for range hosts {
		host = hosts[r.turn%len(hosts)]
		r.turn++
		if !slices.Contains(tried, host) && !r.outliers[host].ejected(time.Now()) {
			return host, true
		}
	}
	return "", false
}

// note notes how an attempt ended.
func (r *Route) note(host string, failed bool) {
	if !failed {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.outliers[host] == nil {
		r.outliers[host] = &outlier{}
	}
	r.outliers[host].fail(time.Now(), r.settings.Ejection)
}

// Ejected returns how many tasks of the callee the proxy avoids.
func (r *Route) Ejected() int {
	hosts := r.hosts()
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, host := range hosts {
		if r.outliers[host].ejected(time.Now()) {
			n++
		}
	}
	return n
}
