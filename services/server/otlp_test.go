package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func environment(variables ...string) func(string) string {
	all := map[string]string{}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		all[name] = value
	}
	return func(name string) string { return all[name] }
}

func TestCollectorFromEnvironment(t *testing.T) {
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
		{[]string{all + "ENDPOINT=http://a", all + "HEADERS=key=a%3Db, team = shop,,"}, "http://a/v1/traces",
			http.Header{"Content-Type": {"application/x-protobuf"}, "Key": {"a=b"}, "Team": {"shop"}}},
		{[]string{all + "ENDPOINT=http://a", all + "HEADERS=key=a", traces + "HEADERS=key=b"}, "http://a/v1/traces",
			http.Header{"Content-Type": {"application/x-protobuf"}, "Key": {"b"}}},
	} {
		o, err := newOTLP(environment(c.variables...))
		require.NoError(t, err, "%q", c.variables)
		assert.Equal(t, c.url, o.url, "%q", c.variables)
		assert.Equal(t, c.header, o.header, "%q", c.variables)
	}
}

func TestCollectorIsRefused(t *testing.T) {
	for _, c := range []struct{ variable, want string }{
		{"OTEL_EXPORTER_OTLP_PROTOCOL=grpc", `OTEL_EXPORTER_OTLP_PROTOCOL is "grpc": want http/protobuf, or leave it out`},
		{"OTEL_EXPORTER_OTLP_HEADERS=hunter2", "OTEL_EXPORTER_OTLP_HEADERS has a pair that cannot be read"},
		{"OTEL_EXPORTER_OTLP_HEADERS=key=%hunter2", "OTEL_EXPORTER_OTLP_HEADERS has a pair that cannot be read"},
	} {
		_, err := newOTLP(environment(c.variable, "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"))
		require.Error(t, err, c.variable)
		assert.True(t, strings.HasPrefix(err.Error(), c.want), "%s: %v begins with %q", c.variable, err, c.want)
		assert.NotContains(t, err.Error(), "hunter2", c.variable)
		o, err := newOTLP(environment(c.variable))
		require.NoError(t, err, "%s without a collector", c.variable)
		assert.Nil(t, o, "%s without a collector", c.variable)
	}
}
