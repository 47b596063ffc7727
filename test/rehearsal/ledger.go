package main

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// ledger remembers every write that was acknowledged, by collection.
type ledger struct {
	numbers atomic.Int64

	mu    sync.RWMutex
	items map[string][]item
}

func newLedger() *ledger { return &ledger{items: map[string][]item{}} }

// next is a number that nothing has yet.
func (l *ledger) next() int64 { return l.numbers.Add(1) }

func (l *ledger) add(collection string, i item) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items[collection] = append(l.items[collection], i)
}

// pick is the reference of one of a collection's items.
func (l *ledger) pick(collection string) string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	items := l.items[collection]
	return items[rand.IntN(len(items))].reference()
}

// written are the ids of all acknowledged items of a collection.
func (l *ledger) written(collection string) []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	ids := make([]string, len(l.items[collection]))
	for i, item := range l.items[collection] {
		ids[i] = item.ID
	}
	return ids
}
