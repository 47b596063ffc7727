package region

import (
	"slices"
	"testing"
)

// Lines are handed on whole, however they are written.
func TestTailHandsOnLines(t *testing.T) {
	var lines []string
	log := tail{said: func(line string) { lines = append(lines, line) }}
	for _, written := range []string{"one\ntw", "o", "\n\nfour\nfi"} {
		log.Write([]byte(written))
	}
	if want := []string{"one", "two", "", "four"}; !slices.Equal(lines, want) {
		t.Errorf("%q, want %q", lines, want)
	}
}
