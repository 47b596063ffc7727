package main

import (
	"fmt"
	"regexp"
	"sync"
)

// logs reads what the programs write while they are rehearsed.
type logs struct {
	mu    sync.Mutex
	lines int
	leaks []string
}

// leak is what no line of a log may have: a key of AWS, a private key, whatever is
// called a secret and has a value, and what the traffic writes into items.
var leak = regexp.MustCompile(`(AKIA|ASIA)[0-9A-Z]{16}|PRIVATE KEY|(?i:secret|password|authorization|bearer)[^a-z]{1,3}[A-Za-z0-9+/=]{8,}|(Visitor|Thread|Post) \d+|(thread|writer|visitor)-\d+`)

// read looks at one line. It may be called by several goroutines at once.
func (l *logs) read(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines++
	if found := leak.FindString(line); found != "" {
		l.leaks = append(l.leaks, fmt.Sprintf("a program logged %q: %.200s", found, line))
	}
}

// Logs is what the programs logged.
type Logs struct {
	Lines       int      `json:"lines"`
	Unexplained []string `json:"unexplained,omitempty"`
}

func (l *logs) report() Logs {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Logs{l.lines, l.leaks}
}
