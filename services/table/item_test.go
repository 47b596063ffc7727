package table_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

// FuzzItem has a database that holds anything. A record that is read from it is
// written as an item which is read as that record; what cannot be read is an
// error that does not repeat it.
func FuzzItem(f *testing.F) {
	for _, item := range []string{
		`{"id":{"S":"a"},"author":{"S":"ada"},"created":{"S":"2026-03-05T18:00:00Z"}}`,
		`{"id":{"S":"a"},"created":{"S":"2026-03-05T18:00:00.000000001+02:00"},"more":{"M":{"x":{"NULL":true}}}}`,
		`{"id":{"N":"1"}}`, `{"id":{"BOOL":true}}`, `{"id":{"B":"YQ=="}}`, `{"ID":{"S":"a"}}`, `{"id":{"NULL":true}}`,
		`{"created":{"S":"yesterday, said Ada"}}`, `{"created":{"N":"1e400"}}`, `{"body":{"L":[{"S":"a"}]}}`, `{"id":{"SS":["a","b"]}}`,
		`{}`, `{"id":{}}`, `{"id":{"Q":"a"}}`, `{"id":"a"}`, `[]`, `null`, `{"id":{"S":"\ud800"}}`,
	} {
		f.Add(item)
	}
	d := &anything{}
	there := httptest.NewServer(d)
	f.Cleanup(there.Close)
	notes := table.NewDynamoDB[note](tabletest.Connect(f, there.URL), "notes")
	f.Fuzz(func(t *testing.T, item string) {
		if !json.Valid([]byte(item)) {
			return // no answer of DynamoDB's, and the SDK is not strict with one
		}
		d.item = item
		got, err := notes.Get(t.Context(), "a")
		list, listed := notes.Query(t.Context(), table.Query{Index: table.All, Value: "note", Limit: 1})
		if err != nil {
			if !errors.Is(err, table.ErrNotFound) && (len(err.Error()) > 200 || got != note{}) {
				t.Errorf("Get of %q = %+v, %v", item, got, err)
			}
			return
		}
		if listed != nil || len(list) != 1 || !reflect.DeepEqual(list[0], got) {
			t.Fatalf("Get of %q = %+v, and Query = %+v, %v", item, got, list, listed)
		}
		first := d.written(t, notes, got)
		d.item = first
		again, err := notes.Get(t.Context(), "a")
		if second := d.written(t, notes, again); err != nil || second != first {
			t.Errorf("%q is read and written as %s, and that as %s, %v", item, first, second, err)
		}
	})
}

// anything is a database that holds one item, whatever is asked for, and keeps
// what is written.
type anything struct{ item, put string }

// ServeHTTP implements http.Handler.
func (d *anything) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
func (d *anything) written(t *testing.T, notes table.Table[note], n note) string {
	t.Helper()
	if err := notes.Create(t.Context(), n); err != nil {
		t.Fatalf("Create(%+v): %v", n, err)
	}
	var put struct{ Item map[string]any }
	if err := json.Unmarshal([]byte(d.put), &put); err != nil {
		t.Fatal(err)
	}
	item, _ := json.Marshal(put.Item) // sorted by name
	return string(item)
}
