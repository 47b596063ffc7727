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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

// marked is a text that requests have in every part that a client chooses. Responses
// and logs may not repeat it.
const marked = "xyzzy"

// TestErrorsRepeatNothing has the mark in every part that a client can get wrong.
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
		assert.GreaterOrEqual(t, answer.Code, 400, "%s %.50s %.50s", c.method, c.target, c.body)
		assert.NotContains(t, strings.ToLower(fmt.Sprint(answer.Header(), answer.Body)), marked, "%s %.50s %.50s", c.method, c.target, c.body)
	}
}

// quotingDatabases are databases whose responses have the mark: in an error, in an
// item that is no record, in a body that is no JSON, and in a response that is no HTTP.
var quotingDatabases = map[string]http.HandlerFunc{
	"error": func(w http.ResponseWriter, r *http.Request) {
		asked, _ := io.ReadAll(r.Body)
		message, _ := json.Marshal(string(asked))
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":"ValidationException","message":%s}`, message)
	},
	"item": func(w http.ResponseWriter, _ *http.Request) {
		const item = `{"id":{"S":"xyzzy"},"at":{"S":"xyzzy"}}`
		fmt.Fprintf(w, `{"Item":%s,"Items":[%s],"Count":1,"ScannedCount":1}`, item, item)
	},
	"no JSON": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"Item":xyzzy,"Items":xyzzy}`) },
	"no HTTP": func(w http.ResponseWriter, _ *http.Request) {
		connection, _, _ := http.NewResponseController(w).Hijack()
		io.WriteString(connection, "xyzzy xyzzy\r\n\r\n")
		connection.Close()
	},
}

// appointmentTargets are requests to the routes of appointments, with the mark in
// every part that takes it.
var appointmentTargets = []string{"GET /at/xyzzy", "GET /at?cursor=eHl6enk&xyzzy=xyzzy", "POST /at", "POST /panic", "POST /panic/error"}

// TestLogRepeatsNothing has the quotingDatabases, and a program that panics with the
// body of a request.
func TestLogRepeatsNothing(t *testing.T) {
	for name, database := range quotingDatabases {
		t.Run(name, func(t *testing.T) {
			there := httptest.NewServer(database)
			defer there.Close()
			mux, log := logged()
			appointments(mux, table.NewDynamoDB[appointment](tabletest.Connect(t, there.URL), "appointments"))
			for _, target := range appointmentTargets {
				method, path, _ := strings.Cut(target, " ")
				request := httptest.NewRequest(method, path, strings.NewReader(`{"name":"xyzzy"}`))
				request.Header.Set("Authorization", marked)
				mux.ServeHTTP(httptest.NewRecorder(), request)
			}
			assert.GreaterOrEqual(t, strings.Count(log.String(), "\n"), 4, "lines, one for each failure: %s", log)
			assert.NotContains(t, log.String(), marked)
		})
	}
}

// appointment is a record with a field that is no string, so that some items are none.
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

// TestLogLinesStayWhole has an error that contains a line of the log and is too long
// for one line.
func TestLogLinesStayWhole(t *testing.T) {
	mux, log := logged()
	forged := "x\r\n\u2028" + `{"level":"INFO","msg":"all is well"}` + "\n" + strings.Repeat("x", 100_000)
	mux.Handle("GET /x", func(http.ResponseWriter, *http.Request) error { return errors.New(forged) })
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
	var line struct{ Level, Msg, Error string }
	require.NoError(t, json.Unmarshal(log.Bytes(), &line), "%.200s", log)
	assert.Equal(t, "ERROR", line.Level)
	assert.Equal(t, "request failed", line.Msg)
	assert.True(t, strings.HasPrefix(forged, line.Error), "%q begins the error", line.Error)
	assert.Equal(t, 1, strings.Count(log.String(), "\n"), "lines")
	assert.NotContains(t, log.String(), "\u2028")
	assert.LessOrEqual(t, log.Len(), 1000)
}
