package table_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/strangler/services"
	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

// note has every kind of key that a record can have.
type note struct {
	ID      string    `json:"id"`
	Author  string    `json:"author"`
	Thread  string    `json:"thread"`
	Body    string    `json:"body"`
	Created time.Time `json:"created"`
}

func (n note) Keys() map[string]string {
	return map[string]string{"id": n.ID, "kind": "note", "author": n.Author, "thread": n.Thread}
}

// notesTable declares the table of notes.
var notesTable = services.Table{PartitionKey: "id", Indexes: []services.Index{
	{Name: "all", PartitionKey: "kind", SortKey: "id"},
	{Name: "by-author", PartitionKey: "author", SortKey: "id"},
	{Name: "in-thread", PartitionKey: "thread", SortKey: "id"},
}}

var indexes = []table.Index{table.All, {Name: "by-author", Key: "author"}, {Name: "in-thread", Key: "thread"}}

// TestContract holds everything that keeps records to the same promises: memory,
// the embedded DynamoDB, and the one that the environment leads to, if it does.
func TestContract(t *testing.T) {
	endpoint := os.Getenv("AWS_ENDPOINT_URL_DYNAMODB")
	t.Run("memory", func(t *testing.T) {
		contract(t, func(*testing.T) table.Table[note] { return table.NewMemory[note]() })
	})
	t.Run("embedded", func(t *testing.T) {
		contract(t, tables(t, tabletest.Embedded(t)))
	})
	if endpoint != "" {
		t.Run("endpoint", func(t *testing.T) {
			contract(t, tables(t, endpoint))
		})
	}
}

func contract(t *testing.T, empty func(*testing.T) table.Table[note]) {
	ctx := t.Context()

	t.Run("a created record is found as it was", func(t *testing.T) {
		notes := empty(t)
		want := note{ID: "a", Author: "ada", Thread: "t", Body: "é\n\"<>", Created: time.Now().UTC().Round(0)}
		create(t, notes, want)
		if got, err := notes.Get(ctx, "a"); err != nil || got != want {
			t.Errorf("Get = %+v, %v; want %+v", got, err, want)
		}
	})

	t.Run("an empty attribute stays empty", func(t *testing.T) {
		notes := empty(t)
		create(t, notes, note{ID: "a", Author: "ada", Thread: "t"})
		if got, err := notes.Get(ctx, "a"); err != nil || got.Body != "" {
			t.Errorf("Get = %+v, %v; want an empty body", got, err)
		}
	})

	t.Run("what is not there is not found", func(t *testing.T) {
		notes := empty(t)
		for _, id := range []string{"a", "", "\x00", "\xff", "é/..", strings.Repeat("x", 5000)} {
			if got, err := notes.Get(ctx, id); !errors.Is(err, table.ErrNotFound) {
				t.Errorf("Get(%.20q) = %+v, %v; want %v", id, got, err, table.ErrNotFound)
			}
			for _, index := range indexes {
				if got, err := notes.Query(ctx, table.Query{Index: index, Value: id, Limit: 1}); err != nil || len(got) != 0 {
					t.Errorf("Query(%s = %.20q) = %v, %v; want nothing", index.Key, id, got, err)
				}
			}
		}
	})

	t.Run("an id is taken once", func(t *testing.T) {
		notes := empty(t)
		first := note{ID: "a", Author: "ada", Thread: "t", Body: "first"}
		create(t, notes, first)
		if err := notes.Create(ctx, note{ID: "a", Author: "bob", Thread: "t"}); !errors.Is(err, table.ErrExists) {
			t.Errorf("Create with the same id: %v, want %v", err, table.ErrExists)
		}
		if err := notes.Create(ctx, first); err != nil {
			t.Errorf("Create of the very same record: %v", err)
		}
		if got, err := notes.Get(ctx, "a"); err != nil || got != first {
			t.Errorf("Get = %+v, %v; want %+v", got, err, first)
		}
		if got, err := notes.Query(ctx, table.Query{Index: table.All, Value: "note", Limit: 10}); err != nil || len(got) != 1 {
			t.Errorf("Query = %+v, %v; want one record", got, err)
		}
	})

	t.Run("of many who want one id exactly one gets it", func(t *testing.T) {
		notes := empty(t)
		const rivals = 16
		outcomes := make([]error, rivals)
		var wg sync.WaitGroup
		for i := range rivals {
			wg.Go(func() {
				outcomes[i] = notes.Create(ctx, note{ID: "a", Author: fmt.Sprint("author-", i), Thread: "t"})
			})
		}
		wg.Wait()
		winner := slices.Index(outcomes, nil)
		for i, err := range outcomes {
			if i != winner && !errors.Is(err, table.ErrExists) {
				t.Errorf("rival %d: %v, and %d won", i, err, winner)
			}
		}
		if got, err := notes.Get(ctx, "a"); err != nil || got.Author != fmt.Sprint("author-", winner) {
			t.Errorf("Get = %+v, %v; want the record of %d", got, err, winner)
		}
	})

	t.Run("a cursor needs no record to be there", func(t *testing.T) {
		notes := empty(t)
		for _, id := range []string{"b", "d"} {
			create(t, notes, note{ID: id, Author: "ada", Thread: "t"})
		}
		for _, c := range []struct {
			after      string
			descending bool
			want       []string
		}{
			{"a", false, []string{"b", "d"}},
			{"c", false, []string{"d"}},
			{"e", false, nil},
			{"e", true, []string{"d", "b"}},
			{"c", true, []string{"b"}},
			{"a", true, nil},
		} {
			q := table.Query{Index: table.All, Value: "note", After: c.after, Limit: 10, Descending: c.descending}
			if got, err := notes.Query(ctx, q); err != nil || !slices.Equal(ids(got), c.want) {
				t.Errorf("after %s, descending %t: %v, %v; want %v", c.after, c.descending, ids(got), err, c.want)
			}
		}
	})

	t.Run("a page is full while there are more, however large they are", func(t *testing.T) {
		notes := empty(t)
		large := strings.Repeat("x", 300<<10)
		var want []string
		for i := range 5 { // together more than the 1 MB that DynamoDB returns at a time
			id := fmt.Sprint(i)
			create(t, notes, note{ID: id, Author: "ada", Thread: "t", Body: large})
			want = append(want, id)
		}
		got, err := notes.Query(ctx, table.Query{Index: table.All, Value: "note", Limit: 5})
		if err != nil || !slices.Equal(ids(got), want) {
			t.Errorf("Query = %v, %v; want %v", ids(got), err, want)
		}
	})

	t.Run("nobody works for a caller who has gone", func(t *testing.T) {
		notes := empty(t)
		create(t, notes, note{ID: "a", Author: "ada", Thread: "t"})
		gone, leave := context.WithCancel(ctx)
		leave()
		_, get := notes.Get(gone, "a")
		_, query := notes.Query(gone, table.Query{Index: table.All, Value: "note", Limit: 1})
		for call, err := range map[string]error{
			"Create": notes.Create(gone, note{ID: "b", Author: "ada", Thread: "t"}),
			"Get":    get,
			"Query":  query,
		} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v, want %v", call, err, context.Canceled)
			}
		}
		if _, err := notes.Get(ctx, "b"); !errors.Is(err, table.ErrNotFound) {
			t.Errorf("Get after a cancelled Create: %v, want %v", err, table.ErrNotFound)
		}
	})

	t.Run("pages hold every record once and in order", func(t *testing.T) {
		notes := empty(t)
		var all []note
		for i := range 40 {
			n := note{
				ID:     table.NewID(time.Unix(int64(i), 0)),
				Author: []string{"ada", "ada-b", "bob"}[i%3],
				Thread: []string{"t", "u"}[i%2],
			}
			create(t, notes, n)
			all = append(all, n)
		}
		rapid.Check(t, func(t *rapid.T) {
			index := rapid.SampledFrom(indexes).Draw(t, "index")
			value := rapid.SampledFrom(all).Draw(t, "record").Keys()[index.Key]
			q := table.Query{
				Index:      index,
				Value:      value,
				Limit:      rapid.IntRange(1, 50).Draw(t, "limit"),
				Descending: rapid.Bool().Draw(t, "descending"),
			}
			var want []string
			for _, n := range all {
				if n.Keys()[index.Key] == value {
					want = append(want, n.ID)
				}
			}
			if q.Descending {
				slices.Reverse(want)
			}
			for page := range slices.Chunk(want, q.Limit) {
				got, err := notes.Query(ctx, q)
				if err != nil || !slices.Equal(ids(got), page) {
					t.Fatalf("Query(%+v) = %v, %v; want %v", q, ids(got), err, page)
				}
				q.After = page[len(page)-1]
			}
			if got, err := notes.Query(ctx, q); err != nil || len(got) != 0 {
				t.Fatalf("Query(%+v) = %v, %v; want nothing behind the last", q, ids(got), err)
			}
		})
	})
}

func ids(notes []note) (ids []string) {
	for _, n := range notes {
		ids = append(ids, n.ID)
	}
	return ids
}

func create(t *testing.T, notes table.Table[note], n note) {
	t.Helper()
	if err := notes.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}

// tables returns a function that makes a table of its own for each test.
func tables(t *testing.T, endpoint string) func(*testing.T) table.Table[note] {
	client := tabletest.Connect(t, endpoint)
	return func(t *testing.T) table.Table[note] { return tabletest.New[note](t, client, notesTable) }
}
