// Package client calls other services over the connections that the catalog declares.
// A call takes part in the request that it is made for: it ends with the request's
// context and carries its trace on. What it repeats is bounded, so that a service that
// is down does not get more requests than one that runs.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/strangler/services/server"
)

const (
	// Timeout is the time of a call at most, with its retry and the pause before that. The
	// deadline of the context may be earlier.
	Timeout = 3 * time.Second
	// AttemptTimeout is the time of one attempt, with its wait for a connection: a hundred
	// times what a read by id takes.
	AttemptTimeout = time.Second
	// IdleTimeout is the time that a connection stays open between calls: shorter than
	// server.IdleTimeout, because a service that closes an idle connection first may close
	// it as a call arrives.
	IdleTimeout = 50 * time.Second
	// MaxConnections is the number of connections to a service at most, idle or not.
	// Further calls wait for one until their AttemptTimeout.
	MaxConnections = 64
	// MaxBody is the size of a response's body at most, in bytes. A larger one is an error.
	MaxBody = 1 << 20
)

// Client calls one service. It is safe for concurrent use.
type Client struct {
	service   string
	base      string
	transport http.RoundTripper
	budget    budget
}

// Variable returns the environment variable with a service's URL, such as MY_SHOP_URL
// for my-shop.
func Variable(service string) string {
	return strings.ToUpper(strings.ReplaceAll(service, "-", "_")) + "_URL"
}

// New returns the client of the service with the catalog's name, at the URL in its
// Variable, such as http://users. A variable that is missing or holds no URL is an error
// that names it.
func New(service string, getenv func(string) string) (*Client, error) {
	variable := Variable(service)
	base := getenv(variable)
	if base == "" {
		return nil, fmt.Errorf("%s is not set: name %q in Calls of the program's entry in the catalog, which sets it", variable, service)
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%s is not the URL of a service: want one such as http://%s", variable, service)
	}
	return &Client{service: service, base: strings.TrimRight(base, "/"), transport: transport()}, nil
}

// dialer ends an attempt to connect that its call does not wait for any more: it counts
// as one of MaxConnections.
var dialer = net.Dialer{Timeout: AttemptTimeout}

// transport returns a pool of connections of its own. No proxy of the environment is
// used.
func transport() *http.Transport {
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    AttemptTimeout,
		MaxConnsPerHost:        MaxConnections,
		MaxIdleConnsPerHost:    MaxConnections, // with the default, 2, a busy program opens one for most calls
		IdleConnTimeout:        IdleTimeout,
		MaxResponseHeaderBytes: server.MaxHeaderBytes,
		DisableCompression:     true,
	}
}

// Do sends a request with in as its JSON body, or without a body when in is nil, and
// decodes the body of a response of status 2xx into out, unless that is nil. The path
// begins with a slash and is escaped: url.PathEscape makes a segment of an id. Redirects
// are not followed.
//
// A GET or HEAD is sent once more when there was no response, or one of status 502, 503
// or 504: after its Retry-After, if Timeout and the context leave time for an attempt by
// then, and as long as not more than one call in ten is repeated.
//
// Every error is an *Error, which repeats nothing of the path or a body.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	request, err := c.request(method, path, in)
	if err != nil {
		return c.fail(method, response{}, err)
	}
	called, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	called, span := startSpan(called, c.service, method)
	r, err := c.send(called, request)
	if err = c.check(ctx, method, r, err); err == nil && out != nil {
		err = c.decode(method, r, out)
	}
	endSpan(span, r.status, err)
	return err
}

// request returns the request of a call, without its context.
func (c *Client) request(method, path string, in any) (*http.Request, error) {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequest(method, c.base+path, &body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

// decode reads a response's JSON.
func (c *Client) decode(method string, r response, out any) error {
	if err := json.Unmarshal(r.body, out); err != nil {
		return c.fail(method, r, err)
	}
	return nil
}
