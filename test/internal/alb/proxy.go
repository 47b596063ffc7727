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

// connectTimeout is how long the load balancer tries to connect to a target.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-504-issues
const connectTimeout = 10 * time.Second

// idleConnections is how many idle connections a group keeps open to one target. AWS
// documents no number.
const idleConnections = 256

// maxResponseHeader is the limit of a target's entire response header, in bytes.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const maxResponseHeader = 32 << 10

func newTransport(idleTimeout time.Duration, dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, connectTimeout)
			defer cancel()
			return dial(ctx, network, address)
		},
		MaxIdleConnsPerHost:   idleConnections,
		ResponseHeaderTimeout: idleTimeout,
		// A longer header is 502.
		MaxResponseHeaderBytes: maxResponseHeader,
		// The transport must not ask for compression that the client did not ask for.
		DisableCompression: true,
	}
}

// proxyTo forwards a request to the target at an address.
func proxyTo(w http.ResponseWriter, r *http.Request, address string, transport http.RoundTripper) {
	body := &upload{ReadCloser: r.Body}
	r.Body = body
	proxy := &httputil.ReverseProxy{
		Transport: SendOnce{transport},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: address})
			r.Out.Host = r.In.Host
			// ReverseProxy drops the parts of a query that Go cannot parse.
			r.Out.URL.RawQuery = r.In.URL.RawQuery
			setForwarded(r.In, r.Out.Header)
			setTraceID(r.In, r.Out.Header)
		},
		// A target may respond before the client has sent the whole body. Go's server
		// would wait for the rest before it writes the response, so reading ends here.
		ModifyResponse: func(*http.Response) error {
			if r.ContentLength != 0 && !body.complete.Load() {
				_ = http.NewResponseController(w).SetReadDeadline(time.Now())
			}
			return nil
		},
		ErrorHandler: gatewayError,
		ErrorLog:     discard,
	}
	proxy.ServeHTTP(w, r)
}

var discard = log.New(io.Discard, "", 0)

// upload is a request's body that records whether it has been read to its end.
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

// gatewayError writes 504 when a target did not respond in time, and 502 when it
// refused or broke the connection.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
func gatewayError(w http.ResponseWriter, _ *http.Request, err error) {
	status := http.StatusBadGateway
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		status = http.StatusGatewayTimeout
	}
	writeError(w, status)
}

func writeError(w http.ResponseWriter, status int) {
	sign(w)
	http.Error(w, strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status))), status)
}

// setForwarded sets X-Forwarded-For, -Proto and -Port. It passes the client's own
// Forwarded and X-Forwarded-Host on, which the load balancer does not set.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
func setForwarded(in *http.Request, out http.Header) {
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

// setTraceID adds a Root field to X-Amzn-Trace-Id, or a Self field when the request
// has a Root already.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
func setTraceID(in *http.Request, out http.Header) {
	trace := in.Header.Get(traceHeader)
	field := "Root="
	if strings.HasPrefix(trace, field) || strings.Contains(trace, ";"+field) {
		field = "Self="
	}
	id := fmt.Sprintf("%s1-%08x-%08x%016x", field, time.Now().Unix(), rand.Uint32(), rand.Uint64())
	out.Set(traceHeader, strings.TrimSuffix(id+";"+trace, ";"))
}

// SendOnce sends each request at most once. A transport would send an idempotent
// request again when its connection breaks; a load balancer leaves that to the
// client. A request whose connection breaks after it was sent is an error.
type SendOnce struct{ http.RoundTripper }

var errWouldRetry = errors.New("the connection broke after the request had been sent")

// RoundTrip implements [http.RoundTripper].
func (s SendOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(i httptrace.WroteRequestInfo) { sent.Store(i.Err == nil) },
		GetConn: func(string) {
			if sent.Load() {
				cancel(errWouldRetry)
			}
		},
	})
	response, err := s.RoundTripper.RoundTrip(r.WithContext(ctx))
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return response, err
}
