package client

import "sync"

const (
	// callsPerRetry is the number of calls that pay for one retry.
	callsPerRetry = 10
	// maxSavings is the number of retries that calls can pay for in advance.
	maxSavings = 10
)

// budget limits retries to one in callsPerRetry calls, in the life of the program and,
// apart from maxSavings, in each part of it. So a service that fails every call gets a
// tenth more calls than one that fails none. What net/http itself sends again, because an
// idle connection was closed before the request was read, is not counted.
type budget struct {
	mu    sync.Mutex
	calls int // that have not paid for a retry
}

// call counts a call.
func (b *budget) call() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = min(b.calls+1, maxSavings*callsPerRetry)
}

// retry takes a retry from the budget. It returns false when the budget is spent.
func (b *budget) retry() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.calls < callsPerRetry {
		return false
	}
	b.calls -= callsPerRetry
	return true
}
