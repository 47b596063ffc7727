package main

import (
	"fmt"
	"regexp"
	"sync"

	"example.com/strangler/services/traffic"
)

// logs reads what the programs write while they are rehearsed.
type logs struct {
	leak *regexp.Regexp

	mu    sync.Mutex
	lines int
	leaks []string
}

// credential is what no line of a log may have: a key of AWS, a private key, and
// what is called a secret and has a value.
const credential = `(AKIA|ASIA)[0-9A-Z]{16}|PRIVATE KEY|(?i:secret|password|authorization|bearer)[^a-z]{1,3}[A-Za-z0-9+/=]{8,}`

// newLogs looks for credentials, and for what the traffic writes into secret fields.
func newLogs(kinds traffic.Traffic) *logs {
	pattern := credential
	if secrets := kinds.Secrets(); secrets != "" {
		pattern += "|" + secrets
	}
	return &logs{leak: regexp.MustCompile(pattern)}
}

// read looks at one line. It may be called by several goroutines at once.
func (l *logs) read(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines++
	if found := l.leak.FindString(line); found != "" {
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
