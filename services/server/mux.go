package server

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"time"
)

// RequestTimeout is the time after which the context of a request ends, 14 s. A
// shutdown waits a second longer, so that every handler can respond.
const RequestTimeout = ShutdownTimeout - time.Second

// HealthPath is the path that answers 200 while the program runs. It does not call the
// database: replacing the program does not repair the database.
const HealthPath = "/healthz"

// Handler responds to a request, or returns an error without having written anything.
// The error becomes a problem document. One of status 500 or above is logged, so an
// error must not repeat any part of the request.
type Handler func(http.ResponseWriter, *http.Request) error

// Mux routes requests by the patterns of http.ServeMux and writes every error, its own
// and the handlers', as a problem document. Every response has X-Served-By and the
// security headers.
type Mux struct {
	log    *slog.Logger
	routes http.ServeMux
	// header is what every response begins with. Responses share its values.
	header http.Header
}

// NewMux returns a mux that sets X-Served-By to the name, logs to log, and has one
// route, HealthPath.
func NewMux(name string, log *slog.Logger) *Mux {
	m := &Mux{log: log, header: secured()}
	m.header.Set("X-Served-By", name)
	m.Handle("GET "+HealthPath, func(w http.ResponseWriter, _ *http.Request) error {
		write(w, http.StatusOK, "text/plain", []byte("ok\n"))
		return nil
	})
	return m
}

// Handle adds the route of a pattern such as "GET /api/orders/{id}". It panics when the
// pattern is invalid or conflicts with another, as http.ServeMux does.
func (m *Mux) Handle(pattern string, h Handler) {
	m.routes.Handle(pattern, &route{m, h})
}

// ServeHTTP implements http.Handler.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	maps.Copy(w.Header(), m.header)
	secureTransport(w.Header(), r)
	defer m.handlePanic(w, r)
	found := &search{response: w}
	m.routes.ServeHTTP(found, r)
	if !found.route {
		found.refuse(w)
	}
}

// route is a handler of the program.
type route struct {
	mux     *Mux
	handler Handler
}

// ServeHTTP implements http.Handler. It gets the search that has found it.
func (t *route) ServeHTTP(found http.ResponseWriter, r *http.Request) {
	w := found.(*search).end()
	ctx, cancel := context.WithTimeout(carry(r), RequestTimeout)
	defer cancel()
	r = r.WithContext(ctx)
	if err := t.handler(w, r); err != nil {
		t.mux.fail(w, r, err)
	}
}

// search is the response that http.ServeMux gets. A route takes the real one from it. The
// handlers that http.ServeMux adds, for a 404, a 405, or a redirect to the cleaned path, write
// to the search.
type search struct {
	response http.ResponseWriter
	route    bool
	header   http.Header
	status   int
}

// end returns the response to the route that is found.
func (s *search) end() http.ResponseWriter {
	s.route = true
	return s.response
}

// Header implements http.ResponseWriter.
func (s *search) Header() http.Header {
	if s.header == nil {
		s.header = http.Header{}
	}
	return s.header
}

// WriteHeader implements http.ResponseWriter.
func (s *search) WriteHeader(status int) { s.status = status }

// Write implements http.ResponseWriter.
func (s *search) Write(b []byte) (int, error) { return len(b), nil }

// refuse writes the problem document of a request without a route: the 404 or 405 of
// http.ServeMux's handler, and a 404 for its redirects, which repeat the path.
func (s *search) refuse(w http.ResponseWriter) {
	if s.status != http.StatusMethodNotAllowed {
		newProblem(http.StatusNotFound, "Nothing is served at this path.").write(w)
		return
	}
	allow := s.header.Get("Allow")
	w.Header().Set("Allow", allow)
	newProblem(s.status, "This path takes "+allow+".").write(w)
}

// fail writes err as a problem document. It logs 5xx errors, unless the client has
// gone.
func (m *Mux) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problem(err)
	if gone := errors.Is(r.Context().Err(), context.Canceled); p.Status >= http.StatusInternalServerError && !gone {
		m.log.Error("request failed", "error", truncate(err.Error()), "status", p.Status, "route", r.Pattern)
	}
	p.write(w)
}

// handlePanic is deferred. It logs a panic and writes a problem document.
func (m *Mux) handlePanic(w http.ResponseWriter, r *http.Request) {
	switch v := recover(); v {
	case nil:
	case http.ErrAbortHandler:
		panic(v)
	default:
		m.log.Error("panic", "panic", panicReason(v), "route", r.Pattern, "stack", stack())
		newProblem(http.StatusInternalServerError, "The program failed at this request.").write(w)
	}
}
