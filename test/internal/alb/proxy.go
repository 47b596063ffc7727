package alb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// connectTimeout is how long the load balancer tries to reach a target:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-504-issues
const connectTimeout = 10 * time.Second

// idleConnections is how many a group keeps open to one target.
const idleConnections = 256

func newTransport(idleTimeout time.Duration) *http.Transport {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		MaxIdleConnsPerHost:   idleConnections,
		ResponseHeaderTimeout: idleTimeout,
		// What the client accepts is between it and the target.
		DisableCompression: true,
	}
}

// pass hands a request to the target at an address.
func pass(w http.ResponseWriter, r *http.Request, address string, transport http.RoundTripper) {
	body := &upload{ReadCloser: r.Body}
	r.Body = body
	proxy := &httputil.ReverseProxy{
		Transport: once{transport},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: address})
			r.Out.Host = r.In.Host
			// The proxy leaves out of the query what Go cannot parse.
			r.Out.URL.RawQuery = r.In.URL.RawQuery
			forwarded(r.In, r.Out.Header)
			traced(r.In, r.Out.Header)
		},
		// An answer may come before the whole body has, from a client that may never
		// send it. Go's server would wait for the rest before it lets the answer out.
		ModifyResponse: func(*http.Response) error {
			if r.ContentLength != 0 && !body.complete.Load() {
				http.NewResponseController(w).SetReadDeadline(time.Now())
			}
			return nil
		},
		ErrorHandler: fail,
		ErrorLog:     silence,
	}
	proxy.ServeHTTP(w, r)
}

var silence = log.New(io.Discard, "", 0)

// upload is a request's body on its way to the target.
type upload struct {
	io.ReadCloser
	complete atomic.Bool
}

func (u *upload) Read(b []byte) (int, error) {
	n, err := u.ReadCloser.Read(b)
	if err == io.EOF {
		u.complete.Store(true)
	}
	return n, err
}

// fail answers for a target that did not: with 504 when it took too long, and
// otherwise, refused or cut, with 502.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
func fail(w http.ResponseWriter, _ *http.Request, err error) {
	status := http.StatusBadGateway
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		status = http.StatusGatewayTimeout
	}
	http.Error(w, fmt.Sprintf("%d %s", status, http.StatusText(status)), status)
}

// forwarded says who asked for what. X-Forwarded-Host is not among it: a client's
// own goes through.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
func forwarded(in *http.Request, out http.Header) {
	for _, name := range []string{"Forwarded", "X-Forwarded-Host"} {
		if own, ok := in.Header[name]; ok {
			out[name] = own
		}
	}
	host, _, err := net.SplitHostPort(in.RemoteAddr)
	if err != nil {
		host = in.RemoteAddr
	}
	out.Set("X-Forwarded-For", strings.Join(append(in.Header.Values("X-Forwarded-For"), host), ", "))
	proto, port := "http", "80"
	if in.TLS != nil {
		proto, port = "https", "443"
	}
	if listener, ok := in.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		if _, p, err := net.SplitHostPort(listener.String()); err == nil {
			port = p
		}
	}
	out.Set("X-Forwarded-Proto", proto)
	out.Set("X-Forwarded-Port", port)
}

const traceHeader = "X-Amzn-Trace-Id"

// traced gives a request an identity unless it has one, and then adds the load
// balancer's own.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
func traced(in *http.Request, out http.Header) {
	trace := in.Header.Get(traceHeader)
	field := "Root="
	if strings.HasPrefix(trace, field) || strings.Contains(trace, ";"+field) {
		field = "Self="
	}
	id := fmt.Sprintf("%s1-%08x-%08x%016x", field, time.Now().Unix(), rand.Uint32(), rand.Uint64())
	out.Set(traceHeader, strings.TrimSuffix(id+";"+trace, ";"))
}

// once sends a request no second time. The transport would repeat some on
// another connection when theirs breaks; a load balancer leaves that to the client.
type once struct{ http.RoundTripper }

var errWouldRepeat = errors.New("the connection broke after the request had been sent")

func (o once) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(i httptrace.WroteRequestInfo) { sent.Store(i.Err == nil) },
		GetConn: func(string) {
			if sent.Load() {
				cancel(errWouldRepeat)
			}
		},
	})
	response, err := o.RoundTripper.RoundTrip(r.WithContext(ctx))
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return response, err
}
