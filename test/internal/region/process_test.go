package region

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Each line is passed on as a whole, even when the program writes it in parts.
func TestTailPassesLinesOn(t *testing.T) {
	var lines []string
	log := tail{onLog: func(line string) { lines = append(lines, line) }}
	for _, written := range []string{"one\ntw", "o", "\n\nfour\nfi"} {
		log.Write([]byte(written))
	}
	assert.Equal(t, []string{"one", "two", "", "four"}, lines)
}
