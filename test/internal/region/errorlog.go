package region

import (
	"io"
	"log"
	"os"
	"strings"
	"sync"
)

// errorLog is where the servers of the region write their errors. One that comes again is
// left out: while no file is free, a server says so hundreds of times a second.
var errorLog = log.New(&once{to: os.Stderr, seen: map[string]bool{}}, "", log.LstdFlags)

// once passes on the first of the lines that differ only in their time and after their first
// semicolon. It is safe for concurrent use.
type once struct {
	to io.Writer

	mu   sync.Mutex
	seen map[string]bool
}

func (o *once) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := strings.TrimSpace(string(line))
	if words := strings.SplitN(text, " ", 3); len(words) == 3 {
		text = words[2] // without date and time
	}
	text, _, _ = strings.Cut(text, ";")
	if !o.seen[text] {
		o.seen[text] = true
		if _, err := o.to.Write(line); err != nil {
			return 0, err
		}
	}
	return len(line), nil
}
