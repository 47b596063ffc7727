package region

import (
	"log"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestErrorsAreLoggedOnce(t *testing.T) {
	var written strings.Builder
	l := log.New(&once{to: &written, seen: map[string]bool{}}, "", log.LstdFlags|log.Lmicroseconds)
	for range 3 {
		l.Print("http: Accept error: too many open files; retrying in 5ms")
		l.Print("http: Accept error: too many open files; retrying in 10ms")
		l.Print("http: panic serving")
	}
	assert.Equal(t, 1, strings.Count(written.String(), "too many open files"))
	assert.Equal(t, 1, strings.Count(written.String(), "panic"))
}
