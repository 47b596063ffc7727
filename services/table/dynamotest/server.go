// Package dynamotest brings a DynamoDB to work against: an embedded one, and tables
// on that or any other.
package dynamotest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"sync"

	"github.com/truora/minidyn/server"
)

// New returns an empty DynamoDB that lives in this process. Calls for one table
// follow each other, because minidyn creates and deletes tables without taking its
// own lock; so each table has a minidyn of its own, and calls for different tables
// go on side by side. A call for several tables at once is not supported.
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
	json.Unmarshal(body, &call) // what minidyn cannot read either, it says so itself
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

// Environment returns the variables that lead a program's AWS SDK to a DynamoDB
// at the URL and keep it from asking anything else.
func Environment(url string) map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": url,
		"AWS_REGION":                "eu-west-1",
		"AWS_ACCESS_KEY_ID":         "embedded",
		"AWS_SECRET_ACCESS_KEY":     "embedded",
	}
}
