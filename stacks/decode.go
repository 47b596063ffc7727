package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
)

// decode reads a value of cdk.json. It refuses keys that a struct does not have and values of
// another type: the error names the key, and says what to write there.
func decode(value, into any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		return err
	}
	if err := fits("", plain, reflect.TypeOf(into).Elem()); err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// fits compares a value with the type that it is read into. key is where the value stands,
// such as vpc.cidr. A null is as good as no value.
func fits(key string, value any, t reflect.Type) error {
	if value == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return fits(key, value, t.Elem())
	case reflect.Struct, reflect.Map:
		return fitsObject(key, value, t)
	case reflect.Slice:
		return fitsList(key, value, t)
	case reflect.String:
		if _, ok := value.(string); !ok {
			return wrongType(key, "text, in quotes", value)
		}
	case reflect.Bool:
		if _, ok := value.(bool); !ok {
			return wrongType(key, "true or false"+unquoted(value), value)
		}
	case reflect.Int:
		n, ok := value.(float64)
		if !ok {
			return wrongType(key, "a whole number"+unquoted(value), value)
		}
		if n != math.Trunc(n) || math.Abs(n) > math.MaxInt32 {
			return at(key, fmt.Errorf("want a whole number, and not %g", n))
		}
	}
	return nil
}

func fitsObject(key string, value any, t reflect.Type) error {
	object, ok := value.(map[string]any)
	if !ok {
		return wrongType(key, "an object, in braces", value)
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		of, known := typeOf(t, name)
		if !known {
			names := slices.Sorted(maps.Keys(fields(t)))
			return at(key, fmt.Errorf("unknown field %q: want one of %s", name, strings.Join(names, ", ")))
		}
		inner := name
		if key != "" {
			inner = key + "." + name
		}
		if err := fits(inner, object[name], of); err != nil {
			return err
		}
	}
	return nil
}

func fitsList(key string, value any, t reflect.Type) error {
	list, ok := value.([]any)
	if !ok {
		return wrongType(key, "a list, in brackets"+listed(value), value)
	}
	for i, item := range list {
		if err := fits(fmt.Sprintf("%s[%d]", key, i), item, t.Elem()); err != nil {
			return err
		}
	}
	return nil
}

// typeOf is the type of the values under a name, which a struct may have in any case.
func typeOf(t reflect.Type, name string) (of reflect.Type, known bool) {
	if t.Kind() == reflect.Map {
		return t.Elem(), true
	}
	for field, of := range fields(t) {
		if strings.EqualFold(field, name) {
			return of, true
		}
	}
	return nil, false
}

// fields are those of a struct that cdk.json has, by the names that they have there.
func fields(t reflect.Type) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("json"); name != "" && name != "-" {
			all[name] = t.Field(i).Type
		}
	}
	return all
}

func wrongType(key, want string, value any) error {
	return at(key, fmt.Errorf("want %s, and not %s", want, typeName(value)))
}

func at(key string, err error) error {
	if key == "" {
		return err
	}
	return fmt.Errorf("%s: %w", key, err)
}

// unquoted says what makes text of a value that is none.
func unquoted(value any) string {
	if _, ok := value.(string); ok {
		return ", without quotes"
	}
	return ""
}

// listed shows a text as the only one of a list.
func listed(value any) string {
	if text, ok := value.(string); ok {
		return fmt.Sprintf(", such as [%q]", text)
	}
	return ""
}

// typeName is the type of a value of JSON in plain words.
func typeName(value any) string {
	switch value.(type) {
	case string:
		return "text"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "a number"
}
