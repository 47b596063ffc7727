package table

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"regexp"
	"time"
)

var idPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// NewID returns a UUIDv7 (RFC 9562, section 5.7) for a record that is created at the
// given time. The 12 bits after the milliseconds hold the time in units of a quarter
// of a microsecond (section 6.2, method 3), so that ids sort by age.
func NewID(created time.Time) string {
	var id [16]byte
	rand.Read(id[8:])
	fraction := uint64(created.Nanosecond()%1e6) << 12 / 1e6
	binary.BigEndian.PutUint64(id[:], uint64(created.UnixMilli())<<16|0x7000|fraction)
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// IsID reports whether s has the form of a NewID: a UUIDv7 in lower case.
func IsID(s string) bool { return idPattern.MatchString(s) }
