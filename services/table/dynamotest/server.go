// Package dynamotest is a DynamoDB for tests: an embedded server, and functions that
// create tables there or in any other DynamoDB. The server is minidyn, which evaluates an
// expression on every item; what DynamoDB refuses of a Query, this package refuses.
package dynamotest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/truora/minidyn/server"
)

// New returns an empty DynamoDB in this process. Each table has a minidyn of its own.
// Calls for one table run one after the other, because minidyn creates and deletes
// tables without its own lock. Calls for different tables run concurrently. Calls for
// several tables at once are not supported, nor are indexes that come after the table.
func New() http.Handler { return &database{tables: map[string]*table{}} }

type database struct {
	mu     sync.Mutex
	tables map[string]*table
}

// table is the minidyn of one table.
type table struct {
	mu     sync.Mutex
	server http.Handler
	// schema is that of the last creation, and nil before one.
	schema *Schema
}

// ServeHTTP implements http.Handler.
func (d *database) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	var call struct{ TableName string }
	_ = json.Unmarshal(body, &call) // minidyn reports what cannot be read
	r.Body = io.NopCloser(bytes.NewReader(body))
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	d.table(call.TableName).serve(w, r, operation, body)
}

func (d *database) table(name string) *table {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tables[name] == nil {
		d.tables[name] = &table{server: server.NewServer()}
	}
	return d.tables[name]
}

func (t *table) serve(w http.ResponseWriter, r *http.Request, operation string, body []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if operation == "Query" && t.schema != nil {
		if refusal := validateQuery(*t.schema, body); refusal != "" {
			refuse(w, refusal)
			return
		}
	}
	answer := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
	t.server.ServeHTTP(answer, r)
	if operation == "CreateTable" && answer.status == http.StatusOK {
		t.schema = readSchema(body)
	}
}

// statusRecorder records the status of a response.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Environment returns the environment variables for a program that uses the DynamoDB
// at the URL, with credentials and a region that any DynamoDB but AWS's takes.
func Environment(url string) map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": url,
		"AWS_REGION":                "eu-west-1",
		"AWS_ACCESS_KEY_ID":         "embedded",
		"AWS_SECRET_ACCESS_KEY":     "embedded",
	}
}
