package parity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// nothing is what is said of a part that is not there.
const nothing = "nothing"

// decode reads a JSON object or list. Anything else is compared as text.
func decode(body []byte) (value any, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, false
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, false
	}
	switch value.(type) {
	case map[string]any, []any:
		return value, true
	}
	return nil, false
}

// values compares two values. The order of an object's fields and the way of writing a number
// are no differences, the order of a list is.
func values(place string, one, other any) []Difference {
	switch a := one.(type) {
	case map[string]any:
		if b, ok := other.(map[string]any); ok {
			return objects(place, a, b)
		}
	case []any:
		if b, ok := other.([]any); ok {
			return lists(place, a, b)
		}
	case json.Number:
		if b, ok := other.(json.Number); ok && sameNumber(a, b) {
			return nil
		}
	default:
		if one == other {
			return nil
		}
	}
	return []Difference{{place, text(one), text(other)}}
}

func objects(place string, one, other map[string]any) []Difference {
	names := maps.Clone(one)
	maps.Copy(names, other)
	var all []Difference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, inOne := one[name]
		b, inOther := other[name]
		at := place + "." + inPlace.Replace(name)
		switch {
		case !inOther:
			all = append(all, Difference{at, text(a), nothing})
		case !inOne:
			all = append(all, Difference{at, nothing, text(b)})
		default:
			all = append(all, values(at, a, b)...)
		}
	}
	return all
}

// inPlace writes the name of a field so that a place has no other dots and brackets than its own.
var inPlace = strings.NewReplacer(".", "%2E", "[", "%5B")

func lists(place string, one, other []any) []Difference {
	if len(one) != len(other) {
		return []Difference{{place, fmt.Sprintf("%d items", len(one)), fmt.Sprintf("%d items", len(other))}}
	}
	var all []Difference
	for i := range one {
		all = append(all, values(fmt.Sprintf("%s[%d]", place, i), one[i], other[i])...)
	}
	return all
}

// sameNumber reports whether two numbers are one in two ways of writing, such as 1 and 1.0.
func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	x, ok := number(a)
	y, both := number(b)
	return ok && both && x.Cmp(y) == 0
}

// longestExponent is that of the largest float64, "e+308". A longer one would take all memory.
const longestExponent = 5

func number(n json.Number) (*big.Rat, bool) {
	if e := strings.IndexAny(n.String(), "eE"); e >= 0 && len(n)-e > longestExponent {
		return nil, false
	}
	return new(big.Rat).SetString(n.String())
}

func text(value any) string {
	written, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(written)
}
