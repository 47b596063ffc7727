package server_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

// marked is what a request holds here wherever it can, and nothing else may.
const marked = "xyzzy"

// TestErrorsRepeatNothing puts the mark wherever a client can go wrong.
func TestErrorsRepeatNothing(t *testing.T) {
	mux, _ := things(1)
	for _, c := range []struct{ method, target, body string }{
		{"GET", "/xyzzy", ""},
		{"GET", "//things/xyzzy", ""},
		{"GET", "/xyzzy/../things?xyzzy=xyzzy", ""},
		{"XYZZY", "/things", ""},
		{"GET", "/things/xyzzy", ""},
		{"GET", "/things?limit=xyzzy", ""},
		{"GET", "/things?cursor=xyzzy", ""},
		{"GET", "/things?xyzzy=%zz", ""},
		{"GET", "/things?xyzzy;", ""},
		{"GET", "/things?xyzzy=" + strings.Repeat("x", 2000), ""},
		{"POST", "/things", "xyzzy"},
		{"POST", "/things", `{"name":xyzzy}`},
		{"POST", "/things", `"xyzzy"`},
		{"POST", "/things", `{"xyzzy":1}`},
		{"POST", "/things", `{"name":{"xyzzy":"xyzzy"}}`},
		{"POST", "/things", `{"size":"xyzzy"}`},
		{"POST", "/things", `{"name":"xyzzyxyzzyxyzzy"}`},
		{"POST", "/things", `{"name":"xyzzy"} xyzzy`},
		{"POST", "/things", `{"name":"xyzzy`},
	} {
		request := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
		request.Host = marked
		request.Header.Set("X-Request-Id", marked)
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, request)
		said := fmt.Sprint(answer.Header(), answer.Body)
		if answer.Code < 400 || strings.Contains(strings.ToLower(said), marked) {
			t.Errorf("%s %.50s %.50s: %d %s; want an error that repeats nothing", c.method, c.target, c.body, answer.Code, said)
		}
	}
}

// indiscreet are databases that quote what they are asked, hold what the program
// cannot read, and answer what nobody can.
var indiscreet = map[string]http.HandlerFunc{
	"quotes": func(w http.ResponseWriter, r *http.Request) {
		asked, _ := io.ReadAll(r.Body)
		message, _ := json.Marshal(string(asked))
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":"ValidationException","message":%s}`, message)
	},
	"holds": func(w http.ResponseWriter, _ *http.Request) {
		const item = `{"id":{"S":"xyzzy"},"at":{"S":"xyzzy"}}`
		fmt.Fprintf(w, `{"Item":%s,"Items":[%s],"Count":1,"ScannedCount":1}`, item, item)
	},
	"garbles": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"Item":xyzzy,"Items":xyzzy}`) },
	"mumbles": func(w http.ResponseWriter, _ *http.Request) {
		connection, _, _ := http.NewResponseController(w).Hijack()
		io.WriteString(connection, "xyzzy xyzzy\r\n\r\n")
		connection.Close()
	},
}

// appointed are what appointments are asked, with the mark wherever it fits.
var appointed = []string{"GET /at/xyzzy", "GET /at?cursor=eHl6enk&xyzzy=xyzzy", "POST /at", "POST /panic", "POST /panic/error"}

// TestLogRepeatsNothing has indiscreet databases, and a program that panics with
// a body.
func TestLogRepeatsNothing(t *testing.T) {
	for name, database := range indiscreet {
		t.Run(name, func(t *testing.T) {
			there := httptest.NewServer(database)
			defer there.Close()
			mux, log := logged()
			appointments(mux, table.NewDynamoDB[appointment](tabletest.Connect(t, there.URL), "appointments"))
			for _, target := range appointed {
				method, path, _ := strings.Cut(target, " ")
				request := httptest.NewRequest(method, path, strings.NewReader(`{"name":"xyzzy"}`))
				request.Header.Set("Authorization", marked)
				mux.ServeHTTP(httptest.NewRecorder(), request)
			}
			if n := strings.Count(log.String(), "\n"); n < 4 || strings.Contains(log.String(), marked) {
				t.Errorf("%d lines, want one a failure and nothing of what was asked or stored: %s", n, log)
			}
		})
	}
}

// appointment is a record that not every item can be read as.
type appointment struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

func (a appointment) Keys() map[string]string { return map[string]string{"id": a.ID, "kind": "at"} }

func appointments(mux *server.Mux, store table.Table[appointment]) {
	mux.Handle("GET /at/{id}", server.Get(store.Get))
	mux.Handle("GET /at", server.List(store.Query, func(*http.Request) table.Query {
		return table.Query{Index: table.All, Value: "at"}
	}, func(id string) bool { return id == marked }))
	mux.Handle("POST /at", server.Create(store.Create, func(d draft) (appointment, error) { return appointment{ID: d.Name}, nil }, nil))
	mux.Handle("POST /panic", func(_ http.ResponseWriter, r *http.Request) error {
		body, _ := io.ReadAll(r.Body)
		panic(string(body))
	})
	mux.Handle("POST /panic/error", func(_ http.ResponseWriter, r *http.Request) error {
		body, _ := io.ReadAll(r.Body)
		panic(fmt.Errorf("lost %s", body))
	})
}

// TestLogLinesStayWhole has an error that looks like two lines of the log, and is
// far too long for one.
func TestLogLinesStayWhole(t *testing.T) {
	mux, log := logged()
	forged := "x\r\n\u2028" + `{"level":"INFO","msg":"all is well"}` + "\n" + strings.Repeat("x", 100_000)
	mux.Handle("GET /x", func(http.ResponseWriter, *http.Request) error { return errors.New(forged) })
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
	var line struct{ Level, Msg, Error string }
	err := json.Unmarshal(log.Bytes(), &line)
	if err != nil || line.Level != "ERROR" || line.Msg != "request failed" || !strings.HasPrefix(forged, line.Error) {
		t.Errorf("logged %.200s, %v; want one line with the error's beginning", log, err)
	}
	if strings.Count(log.String(), "\n") != 1 || strings.Contains(log.String(), "\u2028") || log.Len() > 1000 {
		t.Errorf("logged %d bytes in %d lines", log.Len(), strings.Count(log.String(), "\n"))
	}
}
