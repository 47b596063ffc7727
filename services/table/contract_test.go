package table_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/services"
	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

// note has every kind of key that a record can have.
type note struct {
	ID      string    `json:"id"`
	Author  string    `json:"author"`
	Shelf   string    `json:"shelf"`
	Body    string    `json:"body"`
	Created time.Time `json:"created"`
}

func (n note) Keys() map[string]string {
	return map[string]string{"id": n.ID, "kind": "note", "author": n.Author, "shelf": n.Shelf}
}

// notesTable declares the table of notes.
var notesTable = services.Table{PartitionKey: "id", Indexes: []services.Index{
	{Name: "all", PartitionKey: "kind", SortKey: "id"},
	{Name: "by-author", PartitionKey: "author", SortKey: "id"},
	{Name: "on-shelf", PartitionKey: "shelf", SortKey: "id"},
}}

var indexes = []table.Index{table.All, {Name: "by-author", Key: "author"}, {Name: "on-shelf", Key: "shelf"}}

// TestContract runs one contract against every implementation of Table: memory, the
// embedded DynamoDB, and the DynamoDB of AWS_ENDPOINT_URL_DYNAMODB if it is set.
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
		want := note{ID: "a", Author: "ada", Shelf: "t", Body: "é\n\"<>", Created: time.Now().UTC().Round(0)}
		create(t, notes, want)
		got, err := notes.Get(ctx, "a")
		require.NoError(t, err)
		assert.Equal(t, want, got)
	})

	t.Run("an empty attribute stays empty", func(t *testing.T) {
		notes := empty(t)
		create(t, notes, note{ID: "a", Author: "ada", Shelf: "t"})
		got, err := notes.Get(ctx, "a")
		require.NoError(t, err)
		assert.Empty(t, got.Body)
	})

	t.Run("an id without a record is not found", func(t *testing.T) {
		notes := empty(t)
		for _, id := range []string{"a", "", "\x00", "\xff", "é/..", strings.Repeat("x", 5000)} {
			_, err := notes.Get(ctx, id)
			require.ErrorIs(t, err, table.ErrNotFound, "%.20q", id)
			for _, index := range indexes {
				got, err := notes.Query(ctx, table.Query{Index: index, Value: id, Limit: 1})
				require.NoError(t, err, "%s = %.20q", index.Key, id)
				assert.Empty(t, got, "%s = %.20q", index.Key, id)
			}
		}
	})

	t.Run("an id is taken once", func(t *testing.T) {
		notes := empty(t)
		first := note{ID: "a", Author: "ada", Shelf: "t", Body: "first"}
		create(t, notes, first)
		require.ErrorIs(t, notes.Create(ctx, note{ID: "a", Author: "bob", Shelf: "t"}), table.ErrExists, "another record with the id")
		require.NoError(t, notes.Create(ctx, first), "the same record again")
		got, err := notes.Get(ctx, "a")
		require.NoError(t, err)
		assert.Equal(t, first, got)
		list, err := notes.Query(ctx, table.Query{Index: table.All, Value: "note", Limit: 10})
		require.NoError(t, err)
		assert.Len(t, list, 1)
	})

	t.Run("of concurrent creations of one id exactly one succeeds", func(t *testing.T) {
		notes := empty(t)
		const rivals = 16
		outcomes := make([]error, rivals)
		var wg sync.WaitGroup
		for i := range rivals {
			wg.Go(func() {
				outcomes[i] = notes.Create(ctx, note{ID: "a", Author: fmt.Sprint("author-", i), Shelf: "t"})
			})
		}
		wg.Wait()
		winner := slices.Index(outcomes, nil)
		require.NotEqual(t, -1, winner, "%v", outcomes)
		for i, err := range outcomes {
			if i != winner {
				assert.ErrorIs(t, err, table.ErrExists, "rival %d, and %d won", i, winner)
			}
		}
		got, err := notes.Get(ctx, "a")
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprint("author-", winner), got.Author)
	})

	t.Run("a cursor needs no record to be there", func(t *testing.T) {
		notes := empty(t)
		for _, id := range []string{"b", "d"} {
			create(t, notes, note{ID: id, Author: "ada", Shelf: "t"})
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
			got, err := notes.Query(ctx, q)
			require.NoError(t, err, "after %s, descending %t", c.after, c.descending)
			assert.Equal(t, c.want, ids(got), "after %s, descending %t", c.after, c.descending)
		}
	})

	t.Run("a page is full while there are more, however large they are", func(t *testing.T) {
		notes := empty(t)
		large := strings.Repeat("x", 300<<10)
		var want []string
		for i := range 5 { // together more than the 1 MB that DynamoDB returns at a time
			id := fmt.Sprint(i)
			create(t, notes, note{ID: id, Author: "ada", Shelf: "t", Body: large})
			want = append(want, id)
		}
		got, err := notes.Query(ctx, table.Query{Index: table.All, Value: "note", Limit: 5})
		require.NoError(t, err)
		assert.Equal(t, want, ids(got))
	})

	t.Run("a call with a cancelled context does nothing", func(t *testing.T) {
		notes := empty(t)
		create(t, notes, note{ID: "a", Author: "ada", Shelf: "t"})
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		_, get := notes.Get(cancelled, "a")
		_, query := notes.Query(cancelled, table.Query{Index: table.All, Value: "note", Limit: 1})
		for call, err := range map[string]error{
			"Create": notes.Create(cancelled, note{ID: "b", Author: "ada", Shelf: "t"}),
			"Get":    get,
			"Query":  query,
		} {
			assert.ErrorIs(t, err, context.Canceled, call)
		}
		_, err := notes.Get(ctx, "b")
		assert.ErrorIs(t, err, table.ErrNotFound, "after a cancelled Create")
	})

	t.Run("pages hold every record once and in order", func(t *testing.T) {
		notes := empty(t)
		var all []note
		for i := range 40 {
			n := note{
				ID:     table.NewID(time.Unix(int64(i), 0)),
				Author: []string{"ada", "ada-b", "bob"}[i%3],
				Shelf:  []string{"t", "u"}[i%2],
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
				require.NoError(t, err, "%+v", q)
				require.Equal(t, page, ids(got), "%+v", q)
				q.After = page[len(page)-1]
			}
			got, err := notes.Query(ctx, q)
			require.NoError(t, err, "%+v", q)
			require.Empty(t, got, "behind the last: %+v", q)
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
	require.NoError(t, notes.Create(t.Context(), n))
}

// tables returns a function that makes a table of its own for each test.
func tables(t *testing.T, endpoint string) func(*testing.T) table.Table[note] {
	client := tabletest.Connect(t, endpoint)
	return func(t *testing.T) table.Table[note] { return tabletest.New[note](t, client, notesTable) }
}
