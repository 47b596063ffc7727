// Package page shows a running rehearsal in a browser, live, and lets a person
// move its phases from there.
package page

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
)

// Rehearsal is what the page shows and controls.
type Rehearsal interface {
	// State is how everything is now. Many callers use it at once.
	State() State
	// Logs are what the tasks of a program have written, the newest task first. They are not
	// ok when there is no such program.
	Logs(program string) (logs []Log, ok bool)
	// Move synthesizes the app again with the phase of one program changed and
	// applies it in the background. An error is one line for the person; it is
	// ErrBusy while another deployment runs.
	Move(name, phase string) error
}

// ErrBusy refuses a move because another one is being deployed.
var ErrBusy = errors.New("a deployment is running: wait until it is complete")

//go:embed static
var static embed.FS

// policy allows the page its own files and nothing else, and no page to frame
// it: a click on Move is always a click on what the person sees.
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Paths are the paths that Handler serves, as patterns of [http.ServeMux].
func Paths() []string {
	paths := []string{"/{$}", "/state", "/events", "/logs", "/phase"}
	entries, err := static.ReadDir("static")
	if err != nil {
		panic(err) // it is embedded
	}
	for _, entry := range entries {
		paths = append(paths, "/"+entry.Name())
	}
	return paths
}

// Handler serves
//
//	GET  /        the page and its files
//	GET  /state   the state as JSON
//	GET  /events  the same as server-sent events, at once and every half second
//	GET  /logs    what one program has written, as JSON: /logs?program=alpha
//	POST /phase   moves a phase: {"name": "alpha", "phase": "live"}
//
// A move is accepted with 202. It is refused with 409 while a deployment runs,
// with 422 when the rehearsal does not accept it, and with 403 when it comes
// from another site's page.
func Handler(r Rehearsal) http.Handler {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the name is not a valid path
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) { showState(w, r) })
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, req *http.Request) { streamStates(w, req, r) })
	mux.HandleFunc("GET /logs", func(w http.ResponseWriter, req *http.Request) { showLogs(w, req, r) })
	mux.HandleFunc("POST /phase", func(w http.ResponseWriter, req *http.Request) { movePhase(w, req, r) })
	return guarded(http.NewCrossOriginProtection().Handler(mux))
}

// guarded sets the headers that every answer has.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		// The next rehearsal on this address may be another version's.
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, req)
	})
}

func showState(w http.ResponseWriter, r Rehearsal) {
	writeJSON(w, r.State())
}

func showLogs(w http.ResponseWriter, req *http.Request, r Rehearsal) {
	program := req.URL.Query().Get("program")
	logs, ok := r.Logs(program)
	if !ok {
		http.Error(w, fmt.Sprintf("there is no program %q: want /logs?program=alpha", program), http.StatusNotFound)
		return
	}
	writeJSON(w, logs)
}

func writeJSON(w http.ResponseWriter, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}
