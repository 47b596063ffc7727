// Package dynamotest is a DynamoDB for tests: an embedded server, and functions that
// create tables there or in any other DynamoDB.
package dynamotest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"sync"

	"github.com/truora/minidyn/server"
)

// New returns an empty DynamoDB in this process. Each table has a minidyn of its own.
// Calls for one table run one after the other, because minidyn creates and deletes
// tables without its own lock. Calls for different tables run concurrently. Calls for
// several tables at once are not supported.
func New() http.Handler { return &database{tables: map[string]*table{}} }

type database struct {
	mu     sync.Mutex
	tables map[string]*table
}

// table is the minidyn of one table.
type table struct {
	mu     sync.Mutex
	server http.Handler
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
	d.table(call.TableName).ServeHTTP(w, r)
}

func (d *database) table(name string) *table {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tables[name] == nil {
		d.tables[name] = &table{server: server.NewServer()}
	}
	return d.tables[name]
}

func (t *table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.server.ServeHTTP(w, r)
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
