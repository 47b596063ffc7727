package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// RequestTimeout is how long a handler may take before the context of its
// request ends. A shutdown waits a second longer, so it cuts none off; and the
// slowest body, which ReadTimeout ends, leaves the database next to nothing.
const RequestTimeout = ShutdownTimeout - time.Second

// HealthPath answers 200 while the program lives. It asks nothing of the
// database: a database in trouble is no reason to replace the program.
const HealthPath = "/healthz"

// Handler answers a request, or returns an error and has written nothing. The
// error is logged if it is the program's, so it must hold nothing of the request.
type Handler func(http.ResponseWriter, *http.Request) error

// Mux routes requests by the patterns of http.ServeMux and words every error,
// its own and the handlers', as a problem document.
type Mux struct {
	name   string
	log    *slog.Logger
	routes http.ServeMux
}

// NewMux returns a mux that answers in the name of a program and has no route
// but HealthPath.
func NewMux(name string, log *slog.Logger) *Mux {
	m := &Mux{name: name, log: log}
	m.Handle("GET "+HealthPath, func(w http.ResponseWriter, _ *http.Request) error {
		write(w, http.StatusOK, "text/plain", []byte("ok\n"))
		return nil
	})
	return m
}

// Handle serves a pattern such as "GET /api/users/{id}".
func (m *Mux) Handle(pattern string, h Handler) {
	m.routes.Handle(pattern, &route{m, h})
}

// ServeHTTP implements http.Handler.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Served-By", m.name)
	secure(w.Header(), r)
	defer m.rescue(w, r)
	h, _ := m.routes.Handler(r)
	if _, ours := h.(*route); !ours {
		refuse(w, r, h)
		return
	}
	m.routes.ServeHTTP(w, r)
}

// route is a handler of the program, and not one of those that http.ServeMux
// makes up: for a 404, a 405, or a redirect to a tidier path.
type route struct {
	mux     *Mux
	handler Handler
}

// ServeHTTP implements http.Handler.
func (t *route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), RequestTimeout)
	defer cancel()
	r = r.WithContext(ctx)
	if err := t.handler(w, r); err != nil {
		t.mux.fail(w, r, err)
	}
}

// fail words an error. Those that are the program's are logged; those of a
// caller who no longer listens are nobody's.
func (m *Mux) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problem(err)
	if gone := errors.Is(r.Context().Err(), context.Canceled); p.Status >= http.StatusInternalServerError && !gone {
		m.log.Error("request failed", "error", bounded(err.Error()), "status", p.Status, "route", r.Pattern)
	}
	p.write(w)
}

// rescue is deferred, and turns a panic into a line of the log and a problem.
func (m *Mux) rescue(w http.ResponseWriter, r *http.Request) {
	switch v := recover(); v {
	case nil:
	case http.ErrAbortHandler:
		panic(v)
	default:
		m.log.Error("panic", "panic", reason(v), "route", r.Pattern, "stack", stack())
		newProblem(http.StatusInternalServerError, "The program failed at this request.").write(w)
	}
}

// refuse words the 404 or 405 of the handler that http.ServeMux has for a
// request without a route. Its redirects, which repeat what was asked, are a 404.
func refuse(w http.ResponseWriter, r *http.Request, h http.Handler) {
	plain := &unwritten{header: http.Header{}}
	h.ServeHTTP(plain, r)
	if plain.status != http.StatusMethodNotAllowed {
		newProblem(http.StatusNotFound, "Nothing is served at this path.").write(w)
		return
	}
	allow := plain.header.Get("Allow")
	w.Header().Set("Allow", allow)
	newProblem(plain.status, "This path takes "+allow+".").write(w)
}

// unwritten is an answer that is kept to be worded anew, but for its body.
type unwritten struct {
	header http.Header
	status int
}

func (u *unwritten) Header() http.Header         { return u.header }
func (u *unwritten) WriteHeader(status int)      { u.status = status }
func (u *unwritten) Write(b []byte) (int, error) { return len(b), nil }
