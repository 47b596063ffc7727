package services

import (
	"cmp"
	"fmt"
)

// offset is what is added to the priorities of services for a kind of rules, and the key of
// cdk.json that says it. Only beside an external monolith has cdk.json the keys.
func (l Listener) offset(kind RuleKind) (key string, now int) {
	if kind == PreviewRule {
		return "listener.priorities.preview", l.Preview
	}
	return "listener.priorities.live", cmp.Or(l.Live, liveOffset)
}

// aside says how a rule of ours gets another priority.
func (l Listener) aside(r Rule) string {
	own := fmt.Sprintf("give %q another priority", r.Service)
	if l.Monolith == "" {
		return own
	}
	key, now := l.offset(r.Kind)
	return fmt.Sprintf("change %s, which is %d, or %s", key, now, own)
}

// before says how a rule of ours comes before one of theirs. A preview rule has 0 added at
// least, a live one 1: there 0 means the default.
func (l Listener) before(r Rule, t TheirRule) string {
	key, now := l.offset(r.Kind)
	least := 0
	if r.Kind == LiveRule {
		least = 1
	}
	most := now - (r.Priority - t.Priority) - 1
	switch {
	case l.Monolith != "" && most >= least:
		return fmt.Sprintf("lower %s from %d to %d at most", key, now, most)
	case now+1 < t.Priority:
		return fmt.Sprintf("move that rule behind ours, or give %q a lower priority", r.Service)
	}
	return "move that rule behind ours"
}

// behind says how a rule of ours comes behind one of theirs.
func (l Listener) behind(r Rule, t TheirRule) string {
	key, now := l.offset(r.Kind)
	switch {
	case t.Default:
		return "check listener.monolith"
	case l.Monolith != "" && t.Priority < maxPriority:
		return fmt.Sprintf("raise %s from %d to %d at least", key, now, now+t.Priority-r.Priority+1)
	}
	return fmt.Sprintf("move that rule before ours, or give %q a higher priority", r.Service)
}
