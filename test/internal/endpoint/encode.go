package endpoint

import (
	"encoding/xml"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// fields yields the name and the value of each field of an output that is set. What the SDK
// adds for itself is left out.
func fields(output reflect.Value) func(yield func(string, reflect.Value) bool) {
	return func(yield func(string, reflect.Value) bool) {
		for i := range output.NumField() {
			field := output.Type().Field(i)
			if field.IsExported() && field.Name != "ResultMetadata" && !output.Field(i).IsZero() && !yield(field.Name, output.Field(i)) {
				return
			}
		}
	}
}

// asXML is the content of the element of a value.
func asXML(value any) string {
	v := reflect.Indirect(reflect.ValueOf(value))
	if at, ok := v.Interface().(time.Time); ok {
		return at.UTC().Format(time.RFC3339Nano)
	}
	switch v.Kind() {
	case reflect.Struct:
		var text strings.Builder
		for name, field := range fields(v) {
			text.WriteString(element(name, asXML(field.Interface())))
		}
		return text.String()
	case reflect.Slice:
		var text strings.Builder
		for i := range v.Len() {
			text.WriteString(element("member", asXML(v.Index(i).Interface())))
		}
		return text.String()
	default:
		return escaped(fmt.Sprint(v.Interface()))
	}
}

// element is an element of XML, whose content is XML.
func element(name, content string) string { return "<" + name + ">" + content + "</" + name + ">" }

func escaped(text string) string {
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(text)) // a strings.Builder takes everything
	return escaped.String()
}

// epoch is the tag of a time in seconds since 1970.
//
// https://www.rfc-editor.org/rfc/rfc8949.html#section-3.4.2
const epoch = 1

// asCBOR is a value that the outputs of CloudWatch have.
func asCBOR(value any) cbor.Value {
	v := reflect.Indirect(reflect.ValueOf(value))
	if at, ok := v.Interface().(time.Time); ok {
		return &cbor.Tag{ID: epoch, Value: cbor.Float64(float64(at.UnixMilli()) / 1000)}
	}
	switch v.Kind() {
	case reflect.Struct:
		m := cbor.Map{}
		for name, field := range fields(v) {
			m[name] = asCBOR(field.Interface())
		}
		return m
	case reflect.Slice:
		list := cbor.List{}
		for i := range v.Len() {
			list = append(list, asCBOR(v.Index(i).Interface()))
		}
		return list
	case reflect.Float64:
		return cbor.Float64(v.Float())
	case reflect.Bool:
		return cbor.Bool(v.Bool())
	default:
		return cbor.String(fmt.Sprint(v.Interface()))
	}
}
