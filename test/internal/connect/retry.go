package connect

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"example.com/strangler/test/internal/alb"
)

const (
	// retries is how often a proxy sends a request again, each time to a task that has not
	// had it. It does so after 503, and when no connection was made. A connection that
	// breaks after the request was sent is not documented, so it is not retried.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
	// https://github.com/aws/containers-roadmap/issues/1963
	retries = 2
	// maxBuffered is the largest body, in bytes, that is kept to be sent again. It is
	// Envoy's default.
	//
	// https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/flow_control
	maxBuffered = 1 << 20
)

// retrying sends a request to a host of a route, and to others when that fails.
type retrying struct{ *Route }

// RoundTrip implements [http.RoundTripper].
func (r retrying) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := readBody(request)
	if err != nil {
		return nil, err
	}
	var tried []string
	var response *http.Response
	err = errNoHost
	for len(tried) == 0 || body.whole && len(tried) <= retries {
		host, ok := r.next(tried)
		if !ok {
			break // with the last answer
		}
		if response != nil {
			response.Body.Close()
		}
		tried = append(tried, host)
		response, err = r.attempt(request, host, body)
		if !retriable(response, err) {
			break
		}
	}
	return response, err
}

func retriable(response *http.Response, err error) bool {
	if err != nil {
		_, notSent := errors.AsType[dialError](err)
		return notSent && !errors.Is(err, context.DeadlineExceeded)
	}
	return response.StatusCode == http.StatusServiceUnavailable
}

// attempt sends a request to a host. Any 5xx, a connection that fails and a time-out
// are failures of the host; a caller who gives up is not one.
func (r retrying) attempt(request *http.Request, host string, body body) (*http.Response, error) {
	r.counts.Attempts.Add(1)
	request = request.Clone(request.Context())
	request.URL.Host, request.Body = host, body.reader()
	response, err := alb.SendOnce{RoundTripper: r.transport}.RoundTrip(request)
	if gaveUp := errors.Is(request.Context().Err(), context.Canceled); !gaveUp {
		r.note(host, err != nil || response.StatusCode >= http.StatusInternalServerError)
	}
	if err != nil && request.Context().Err() != nil {
		err = request.Context().Err()
	}
	return response, err
}

// body is the body of a request.
type body struct {
	start []byte
	// whole is whether start is all of it. The rest can be read once.
	whole bool
	rest  io.Reader
}

func readBody(request *http.Request) (body, error) {
	if request.Body == nil {
		return body{whole: true}, nil
	}
	start, err := io.ReadAll(io.LimitReader(request.Body, maxBuffered+1))
	return body{start: start, whole: len(start) <= maxBuffered, rest: request.Body}, err
}

func (b body) reader() io.ReadCloser {
	switch {
	case !b.whole:
		return io.NopCloser(io.MultiReader(bytes.NewReader(b.start), b.rest))
	case len(b.start) == 0:
		return http.NoBody
	}
	return io.NopCloser(bytes.NewReader(b.start))
}
