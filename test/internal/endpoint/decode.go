package endpoint

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// nested are the parameters of a form: "Names.member.1=a" is the first of a list.
func nested(form url.Values) map[string]any {
	input := map[string]any{}
	for _, name := range slices.SortedFunc(maps.Keys(form), byNumber) {
		if list, _, ok := strings.Cut(name, ".member."); ok {
			elements, _ := input[list].([]any)
			input[list] = append(elements, form.Get(name))
		} else {
			input[name] = form.Get(name)
		}
	}
	return input
}

// byNumber orders "a.member.2" before "a.member.10".
func byNumber(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// plain is a value as encoding/json would decode it, with times in RFC 3339.
func plain(value cbor.Value) any {
	switch v := value.(type) {
	case cbor.Map:
		m := map[string]any{}
		for name, inner := range v {
			m[name] = plain(inner)
		}
		return m
	case cbor.List:
		var list []any
		for _, inner := range v {
			list = append(list, plain(inner))
		}
		return list
	case cbor.String:
		return string(v)
	case cbor.Bool:
		return bool(v)
	case *cbor.Tag:
		at, _ := cbor.AsTime(v)
		return at.UTC().Format(time.RFC3339Nano)
	}
	number, _ := cbor.AsFloat64(value)
	if whole, err := cbor.AsInt64(value); err == nil {
		number = float64(whole)
	}
	return number
}
