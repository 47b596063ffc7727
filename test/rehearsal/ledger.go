package main

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
)

// ledger remembers every write that was acknowledged, by path.
type ledger struct {
	numbers atomic.Int64

	mu    sync.RWMutex
	items map[string][]values
	ids   map[int64]string
}

func newLedger() *ledger { return &ledger{items: map[string][]values{}, ids: map[int64]string{}} }

// next is a number that nothing has yet.
func (l *ledger) next() int64 { return l.numbers.Add(1) }

func (l *ledger) add(path string, item values) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items[path] = append(l.items[path], item)
	l.ids[item.number] = item.id
}

// pick is one of a path's items.
func (l *ledger) pick(path string) values {
	l.mu.RLock()
	defer l.mu.RUnlock()
	items := l.items[path]
	return items[rand.IntN(len(items))]
}

// of are the values that a request with a number was made with.
func (l *ledger) of(number int64) values {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return values{number, l.ids[number]}
}

// written are all acknowledged items of a path.
func (l *ledger) written(path string) []values {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.Clone(l.items[path])
}
