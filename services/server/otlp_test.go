package server

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func environment(variables ...string) func(string) string {
	all := map[string]string{}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		all[name] = value
	}
	return func(name string) string { return all[name] }
}

func TestCollectorOfTheEnvironment(t *testing.T) {
	const all, traces = "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"
	plain := http.Header{"Content-Type": {"application/x-protobuf"}}
	for _, c := range []struct {
		variables []string
		url       string
		header    http.Header
	}{
		{[]string{all + "ENDPOINT=http://localhost:4318"}, "http://localhost:4318/v1/traces", plain},
		{[]string{all + "ENDPOINT=https://example.com/otlp/"}, "https://example.com/otlp/v1/traces", plain},
		{[]string{traces + "ENDPOINT=https://example.com/otlp"}, "https://example.com/otlp", plain},
		{[]string{traces + "ENDPOINT=http://a", all + "ENDPOINT=http://b"}, "http://a", plain},
		{[]string{all + "ENDPOINT=http://a", all + "PROTOCOL=grpc", traces + "PROTOCOL=http/protobuf"}, "http://a/v1/traces", plain},
		{[]string{all + "ENDPOINT=http://a", all + "HEADERS=key=a%3Db, team = forum,,"}, "http://a/v1/traces",
			http.Header{"Content-Type": {"application/x-protobuf"}, "Key": {"a=b"}, "Team": {"forum"}}},
		{[]string{all + "ENDPOINT=http://a", all + "HEADERS=key=a", traces + "HEADERS=key=b"}, "http://a/v1/traces",
			http.Header{"Content-Type": {"application/x-protobuf"}, "Key": {"b"}}},
	} {
		o, err := newOTLP(environment(c.variables...))
		if err != nil || o.url != c.url || !reflect.DeepEqual(o.header, c.header) {
			t.Errorf("%q: %+v, %v", c.variables, o, err)
		}
	}
}

func TestCollectorThatCannotBe(t *testing.T) {
	for _, c := range []struct{ variable, want string }{
		{"OTEL_EXPORTER_OTLP_PROTOCOL=grpc", `OTEL_EXPORTER_OTLP_PROTOCOL is "grpc": want http/protobuf, or leave it out`},
		{"OTEL_EXPORTER_OTLP_HEADERS=hunter2", "OTEL_EXPORTER_OTLP_HEADERS has a pair that cannot be read"},
		{"OTEL_EXPORTER_OTLP_HEADERS=key=%hunter2", "OTEL_EXPORTER_OTLP_HEADERS has a pair that cannot be read"},
	} {
		_, err := newOTLP(environment(c.variable, "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %s", c.variable, err, c.want)
		}
		if o, err := newOTLP(environment(c.variable)); o != nil || err != nil {
			t.Errorf("%s without a collector: %v, %v", c.variable, o, err)
		}
	}
}
