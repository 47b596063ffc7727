package table_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

// FuzzItem reads arbitrary items. A record that is read is written as an item that is
// read as the same record. An item that cannot be read is an error that does not
// repeat it.
func FuzzItem(f *testing.F) {
	for _, item := range []string{
		`{"id":{"S":"a"},"author":{"S":"ada"},"created":{"S":"2026-03-05T18:00:00Z"}}`,
		`{"id":{"S":"a"},"created":{"S":"2026-03-05T18:00:00.000000001+02:00"},"more":{"M":{"x":{"NULL":true}}}}`,
		`{"id":{"N":"1"}}`, `{"id":{"BOOL":true}}`, `{"id":{"B":"YQ=="}}`, `{"ID":{"S":"a"}}`, `{"id":{"NULL":true}}`,
		`{"created":{"S":"yesterday, wrote Ada"}}`, `{"created":{"N":"1e400"}}`, `{"body":{"L":[{"S":"a"}]}}`, `{"id":{"SS":["a","b"]}}`,
		`{}`, `{"id":{}}`, `{"id":{"Q":"a"}}`, `{"id":"a"}`, `[]`, `null`, `{"id":{"S":"\ud800"}}`,
	} {
		f.Add(item)
	}
	d := &anyItem{}
	there := httptest.NewServer(d)
	f.Cleanup(there.Close)
	notes := table.NewDynamoDB[note](tabletest.Connect(f, there.URL), "notes")
	f.Fuzz(func(t *testing.T, item string) {
		if !json.Valid([]byte(item)) {
			return // DynamoDB does not send it, and the SDK reads some of it
		}
		d.item = item
		got, err := notes.Get(t.Context(), "a")
		list, listed := notes.Query(t.Context(), table.Query{Index: table.All, Value: "note", Limit: 1})
		if err != nil {
			if !errors.Is(err, table.ErrNotFound) {
				assert.LessOrEqual(t, len(err.Error()), 200, "%v", err)
				assert.Zero(t, got)
			}
			return
		}
		require.NoError(t, listed, "%q", item)
		require.Equal(t, []note{got}, list, "%q", item)
		first := d.written(t, notes, got)
		d.item = first
		again, err := notes.Get(t.Context(), "a")
		require.NoError(t, err, "%q is written as %s", item, first)
		assert.Equal(t, first, d.written(t, notes, again), "%q", item)
	})
}

// anyItem is a database that returns one item for every read and keeps the last
// write.
type anyItem struct{ item, put string }

// ServeHTTP implements http.Handler.
func (d *anyItem) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch target := r.Header.Get("X-Amz-Target"); {
	case strings.HasSuffix(target, ".GetItem"):
		fmt.Fprintf(w, `{"Item":%s}`, d.item)
	case strings.HasSuffix(target, ".Query"):
		fmt.Fprintf(w, `{"Items":[%s],"Count":1,"ScannedCount":1}`, d.item)
	default:
		d.put = string(body)
		io.WriteString(w, "{}")
	}
}

// written returns the item that a record is written as.
func (d *anyItem) written(t *testing.T, notes table.Table[note], n note) string {
	t.Helper()
	require.NoError(t, notes.Create(t.Context(), n), "%+v", n)
	var put struct{ Item map[string]any }
	require.NoError(t, json.Unmarshal([]byte(d.put), &put))
	item, err := json.Marshal(put.Item) // sorted by name
	require.NoError(t, err)
	return string(item)
}
