package region

import (
	"sync"
	"sync/atomic"
	"time"

	"example.com/strangler/test/internal/alb"
)

// node is one of the load balancer's nodes. It learns later than others of some changes:
// AWS says that a changed rule does not take effect at once, and promises no time and no
// order between rules and targets.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-update-rules.html
type node struct {
	balancer atomic.Pointer[alb.LoadBalancer]
	// rules are the changes of rules and target groups, targets those of the targets in
	// them.
	rules, targets news
}

// newNodes returns two nodes. One learns of rules at once and of targets late, the other
// of targets at once and of rules late: what goes wrong when either is late goes wrong
// for half of the requests.
func newNodes(propagation time.Duration) []*node {
	nodes := []*node{{targets: news{delay: propagation}}, {rules: news{delay: propagation}}}
	for _, n := range nodes {
		n.balancer.Store(&alb.LoadBalancer{})
	}
	return nodes
}

// close makes the node learn no more of what it has not learned yet, and of what comes at
// once.
func (n *node) close() {
	n.rules.close()
	n.targets.close()
}

// news are changes that a node learns of in their order, each a delay after it was made.
type news struct {
	delay time.Duration

	mu      sync.Mutex
	pending []func()
	closed  bool
}

// learn makes the change once the delay is over.
func (n *news) learn(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.delay == 0 || n.closed {
		change()
		return
	}
	n.pending = append(n.pending, change)
	time.AfterFunc(n.delay, n.next)
}

// next makes the oldest change that is pending.
func (n *news) next() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.pending) > 0 {
		n.pending[0]()
		n.pending = n.pending[1:]
	}
}

func (n *news) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pending, n.closed = nil, true
}
