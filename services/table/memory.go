package table

import (
	"context"
	"slices"
	"sync"
)

// Memory is a Table in the memory of the program. Its records are lost when the
// program ends.
type Memory[T Record] struct {
	mu      sync.RWMutex
	records map[string]T
	sorted  map[attribute][]string // the ids of the records that have an attribute
}

type attribute struct{ name, value string }

// NewMemory returns a table that holds the seed.
func NewMemory[T Record](seed ...T) *Memory[T] {
	m := &Memory[T]{records: map[string]T{}, sorted: map[attribute][]string{}}
	for _, r := range seed {
		m.put(r)
	}
	return m
}

// Create implements Table.
func (m *Memory[T]) Create(ctx context.Context, r T) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if stored, taken := m.records[r.Keys()[ID]]; taken && stored != r {
		return ErrExists
	} else if !taken {
		m.put(r)
	}
	return nil
}

// Get implements Table.
func (m *Memory[T]) Get(ctx context.Context, id string) (T, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r, ok := m.records[id]
	if !ok {
		return r, ErrNotFound
	}
	return r, ctx.Err()
}

// Query implements Table.
func (m *Memory[T]) Query(ctx context.Context, q Query) ([]T, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	run := m.after(q)
	records := make([]T, min(len(run), q.Limit))
	for i := range records {
		if q.Descending {
			records[i] = m.records[run[len(run)-1-i]]
		} else {
			records[i] = m.records[run[i]]
		}
	}
	return records, ctx.Err()
}

// after returns the ids of all records that a query finds, in ascending order.
func (m *Memory[T]) after(q Query) []string {
	ids := m.sorted[attribute{q.Index.Key, q.Value}]
	at, found := slices.BinarySearch(ids, q.After)
	switch {
	case q.After == "":
		return ids
	case q.Descending:
		return ids[:at]
	case found:
		return ids[at+1:]
	}
	return ids[at:]
}

func (m *Memory[T]) put(r T) {
	keys := r.Keys()
	id := keys[ID]
	m.records[id] = r
	for name, value := range keys {
		ids := m.sorted[attribute{name, value}]
		at, _ := slices.BinarySearch(ids, id)
		m.sorted[attribute{name, value}] = slices.Insert(ids, at, id)
	}
}
