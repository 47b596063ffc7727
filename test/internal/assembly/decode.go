package assembly

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Strings is a list for which a template may write a single value as it is.
type Strings []string

// UnmarshalJSON decodes a string, a number, a boolean or a list of them.
func (s *Strings) UnmarshalJSON(data []byte) error {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	*s = nil
	for _, element := range list {
		text, ok := scalar(element)
		if !ok {
			return fmt.Errorf("%v is no text", element)
		}
		*s = append(*s, text)
	}
	return nil
}

// decode fills v, a pointer to a struct with the fields that the caller needs,
// from resolved properties.
func decode(properties any, v any) error {
	data, err := json.Marshal(properties)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// decodeAll is decode, except that a property without a field in v is an error.
func decodeAll(properties any, v any) error {
	data, err := json.Marshal(properties)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(v)
}

// attributes is the form in which load balancers and target groups list settings.
type attributes []struct{ Key, Value string }

func (a attributes) asMap() map[string]string {
	m := map[string]string{}
	for _, attribute := range a {
		m[attribute.Key] = attribute.Value
	}
	return m
}
