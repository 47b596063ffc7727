package main

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"example.com/strangler/services/traffic"
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

// keepsAny reports whether a path's items were written with one of the other paths' items.
// All items of a path are written by one kind.
func (l *ledger) keepsAny(path string, others []string) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	items := l.items[path]
	return len(items) > 0 && slices.ContainsFunc(others, func(other string) bool {
		_, ok := items[0].others[other]
		return ok
	})
}

// of are the values that a request of a kind was made with, from their numbers.
func (l *ledger) of(k traffic.Kind, numbers string) values {
	all := strings.Split(numbers, ",")
	v := l.numbered(all[0])
	for i, path := range k.Others() {
		v = v.with(path, l.numbered(all[i+1]))
	}
	return v
}

// numbered is the item with a number.
func (l *ledger) numbered(digits string) values {
	number, _ := strconv.ParseInt(digits, 10, 64) // as numbers has written it
	l.mu.RLock()
	defer l.mu.RUnlock()
	return values{number: number, id: l.ids[number]}
}

// written are all acknowledged items of a path.
func (l *ledger) written(path string) []values {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.Clone(l.items[path])
}
