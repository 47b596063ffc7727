package server

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// exportTimeout is the time that a collector has for a batch of spans. It is
// OpenTelemetry's default.
//
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/
const exportTimeout = 10 * time.Second

// otlp sends spans as protobuf over HTTP. It implements otlptrace.Client, as
// otlptracehttp does, which depends on gRPC and so doubles the program's size. It does
// not retry: the spans are a sample.
//
// https://opentelemetry.io/docs/specs/otlp/#otlphttp
type otlp struct {
	url    string
	header http.Header
	client http.Client
}

// newOTLP returns the client of the collector in the environment, or nil without one.
func newOTLP(getenv func(string) string) (*otlp, error) {
	to, err := endpoint(getenv)
	if to == "" || err != nil {
		return nil, err
	}
	if protocol := setting(getenv, "PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %.40q: want http/protobuf, or leave it out", protocol)
	}
	header, err := headers(setting(getenv, "HEADERS"))
	if err != nil {
		return nil, err
	}
	header.Set("Content-Type", "application/x-protobuf")
	return &otlp{to, header, http.Client{Timeout: exportTimeout}}, nil
}

// setting returns a variable of the exporter: the one for traces, or the one for all
// signals.
func setting(getenv func(string) string, name string) string {
	return cmp.Or(getenv("OTEL_EXPORTER_OTLP_TRACES_"+name), getenv("OTEL_EXPORTER_OTLP_"+name))
}

// endpoint returns the URL for spans: the one for traces as it is, or v1/traces below
// the one for all signals.
func endpoint(getenv func(string) string) (string, error) {
	for _, variable := range []struct{ name, path string }{
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "v1/traces"},
	} {
		value := getenv(variable.name)
		if value == "" {
			continue
		}
		u, err := url.Parse(value)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return "", fmt.Errorf("%s is not the URL of a collector: want a URL such as http://localhost:4318", variable.name)
		}
		return u.JoinPath(variable.path).String(), nil
	}
	return "", nil
}

// headers reads pairs such as "team=shop,key=abc". Its errors do not repeat them:
// they may be secret keys.
func headers(pairs string) (http.Header, error) {
	header := http.Header{}
	for pair := range strings.SplitSeq(pairs, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, escaped, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(escaped))
		if !ok || err != nil {
			return nil, errors.New("OTEL_EXPORTER_OTLP_HEADERS has a pair that cannot be read: want name=value, with commas between pairs")
		}
		header.Set(strings.TrimSpace(name), value)
	}
	return header, nil
}

// Start implements otlptrace.Client.
func (o *otlp) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (o *otlp) Stop(context.Context) error { return nil }

// UploadTraces implements otlptrace.Client.
func (o *otlp) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	// On the wire this is an ExportTraceServiceRequest, whose one field is the same.
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, o.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header = o.header.Clone()
	response, err := o.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, MaxBody)) // else the connection is not reused
	if response.StatusCode >= 300 {
		return fmt.Errorf("the collector answers %d", response.StatusCode)
	}
	return nil
}
