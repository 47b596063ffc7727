package client

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"example.com/strangler/services/server"
)

// jitter is the pause before a retry at most, after the response's Retry-After if it has
// one, so that calls that failed together do not come again together.
const jitter = 100 * time.Millisecond

// response is a response that is read to its end.
type response struct {
	status int
	header http.Header
	body   []byte
}

// send makes an attempt and, where that may help, another.
func (c *Client) send(ctx context.Context, r *http.Request) (response, error) {
	c.budget.call()
	first, err := c.attempt(ctx, r)
	if !repeatable(r.Method) || !transient(first, err) || !c.pause(ctx, first) {
		return first, err
	}
	return c.attempt(ctx, r)
}

// attempt sends the request once. It reads at most a byte more than MaxBody.
func (c *Client) attempt(ctx context.Context, r *http.Request) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, AttemptTimeout)
	defer cancel()
	r = r.Clone(ctx)
	if r.GetBody != nil {
		r.Body, _ = r.GetBody() // of a buffer: it cannot fail
	}
	server.Propagate(ctx, r.Header)
	answer, err := c.transport.RoundTrip(r)
	if err != nil {
		return response{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxBody+1))
	if err != nil {
		return response{}, err
	}
	return response{answer.StatusCode, answer.Header, body}, nil
}

// repeatable reports whether a second request of a method does no more than the first.
func repeatable(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// transient reports whether the same attempt may succeed later.
func transient(r response, err error) bool {
	return err != nil || slices.Contains([]int{
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}, r.status)
}

// pause waits until the call may be repeated. It returns false when there is no time for
// that, or the budget is spent.
func (c *Client) pause(ctx context.Context, failed response) bool {
	wait := retryAfter(failed.header) + rand.N(jitter)
	deadline, _ := ctx.Deadline() // Do has set one
	if time.Until(deadline) < wait+AttemptTimeout || ctx.Err() != nil || !c.budget.retry() {
		return false
	}
	select {
	case <-time.After(wait):
		return true
	case <-ctx.Done():
		return false
	}
}

// retryAfter reads the header of that name, in seconds or as a date. It is zero when the
// header is missing, in the past or cannot be read.
//
// https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, time.Until(date))
}
