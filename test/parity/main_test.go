package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/fixture"
)

// line is one of an access log.
func line(method, target string) string {
	return fmt.Sprintf(`http 2026-11-01T10:00:00.123456Z app/fixture/1 192.0.2.7:1 10.0.0.1:8080 0.0 0.01 0.0 200 200 1 1 `+
		`"%s http://www.example.com:80%s HTTP/1.1" "agent" - - arn:group "Root=1" "-" "-" 1 2026-11-01T10:00:00.1Z `+
		`"forward" "-" "-" "-" "-" "-" "-" TID_1`, method, target)
}

func logOf(t *testing.T, lines ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "access.log")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return file
}

// twoSides answers as alpha or as legacy, by the preview header. Each edits the answer that both
// give.
func twoSides(t *testing.T, alpha, legacy func(http.ResponseWriter, *http.Request)) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, answer := "legacy", legacy
		if r.Header.Get(services.PreviewHeader) == "alpha" {
			name, answer = "alpha", alpha
		}
		w.Header().Set("X-Served-By", name)
		w.Header().Set("Content-Type", "application/json")
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

func writing(body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
}

// compared runs the program on two sides, and returns what it says.
func compared(t *testing.T, ctx context.Context, server *httptest.Server, log string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	args = append([]string{"--url", server.URL, "--service", "alpha", "--rate", "100"}, append(args, log)...)
	err := run(ctx, args, system{fixture.Catalog(), fixtureTraffic}, source{}, &out, &out)
	return out.String(), err
}

// A difference of each kind is found, with its place, and without its values.
func TestPlantedDifference(t *testing.T) {
	const same = `{"name":"Ada","tags":["a","b"],"size":1}`
	log := logOf(t, line("GET", "/api/alpha/7?token=hunter2"), line("GET", "/api/alpha/8"))
	for want, alpha := range map[string]func(http.ResponseWriter, *http.Request){
		"":                         writing(`{"size":1.0, "tags":["a","b"], "name":"Ada"}`),
		"status differs":           func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); _, _ = w.Write([]byte(same)) },
		"$.name differs":           writing(`{"name":"Eve","tags":["a","b"],"size":1}`),
		"$.tags differs 2 times":   writing(`{"name":"Ada","tags":["a"],"size":1}`),
		"$.tags[] differs 2 times": writing(`{"name":"Ada","tags":["a","c"],"size":1}`),
		"$.size differs":           writing(`{"name":"Ada","tags":["a","b"]}`),
		"Cache-Control differs": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			writing(same)(w, r)
		},
		"Content-Type differs": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			writing(same)(w, r)
		},
		"Location differs": func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Location", "/"); writing(same)(w, r) },
		"Set-Cookie session differs": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", "session=1")
			writing(same)(w, r)
		},
		"body differs 2 times, such as in": writing("Ada"),
	} {
		text, err := compared(t, t.Context(), twoSides(t, alpha, writing(same)), log)
		if want == "" {
			require.NoError(t, err, text)
			assert.Contains(t, text, "GET /api/alpha/{}")
			continue
		}
		require.ErrorIs(t, err, errDiffers, "%s: %s", want, text)
		assert.Contains(t, text, want)
		for _, secret := range []string{"Ada", "Eve", "hunter2"} {
			assert.NotContains(t, text, secret, want)
		}
	}
	text, err := compared(t, t.Context(), twoSides(t, writing(`{"name":"Eve"}`), writing(`{"name":"Ada"}`)), log, "--values")
	require.ErrorIs(t, err, errDiffers)
	assert.Contains(t, text, `"Ada" and "Eve"`)
	assert.Contains(t, text, "token=hunter2")
}

// A monolith that answers differently each time is not blamed, nor is the service for that; a
// field that is ignored, and a share that is tolerated, are none either. A slow service is no
// failure.
func TestNoise(t *testing.T) {
	var n atomic.Int64
	noisy := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"id":"a","at":%d}`, n.Add(1)) }
	log := logOf(t, line("GET", "/api/alpha/7"), line("GET", "/api/alpha/list"))
	text, err := compared(t, t.Context(), twoSides(t, noisy, noisy), log)
	require.NoError(t, err, text)
	assert.Contains(t, text, "not compared, as it varies in the answers of legacy alone: $.at")

	slow := func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(30 * time.Millisecond)
		writing(`{"id":"b"}`)(w, r)
	}
	server := twoSides(t, slow, writing(`{"id":"a"}`))
	text, err = compared(t, t.Context(), server, log, "--ignore", "id")
	require.NoError(t, err, text)
	_, err = compared(t, t.Context(), server, log)
	require.ErrorContains(t, err, "the answers differ, see above: 100.0% of 2 requests, want 0% at most")
	half := func(w http.ResponseWriter, r *http.Request) {
		writing(fmt.Sprintf(`{"id":%t}`, strings.HasSuffix(r.URL.Path, "list")))(w, r)
	}
	_, err = compared(t, t.Context(), twoSides(t, half, writing(`{"id":true}`)), log, "--tolerance", "50")
	require.NoError(t, err)
	_, err = compared(t, t.Context(), twoSides(t, half, writing(`{"id":true}`)), log, "--tolerance", "49")
	require.ErrorIs(t, err, errDiffers)
}

// A rare shape counts as much as a busy one, a budget ends the run, and only what is safe and the
// service's is sent.
func TestSample(t *testing.T) {
	var lines []string
	for i := range 50 {
		lines = append(lines, line("GET", fmt.Sprintf("/api/alpha/%d", i%40)))
	}
	lines = append(lines, line("HEAD", "/api/alpha"), line("POST", "/api/alpha"), line("GET", "/api/beta/1"), "no line of a log")
	all := recordedOf(t, fixture.Catalog(), lines...)
	assert.Equal(t, "51 requests of 2 shapes; left out: 2 of another service, verb or answer, 1 lines that cannot be read", all.String())
	sample := all.sample(4)
	require.Len(t, sample, 4)
	assert.Contains(t, sample, request{"HEAD", "www.example.com", "/api/alpha", nil})
	assert.Equal(t, request{"GET", "www.example.com", "/api/alpha/0", nil}, sample[0], "the most frequent first")
	assert.Len(t, all.sample(1000), 41)

	var asked atomic.Int64
	counting := func(w http.ResponseWriter, r *http.Request) { asked.Add(1); writing(`{}`)(w, r) }
	_, err := compared(t, t.Context(), twoSides(t, counting, counting), logOf(t, lines...), "--budget", "11")
	require.NoError(t, err)
	assert.EqualValues(t, 9, asked.Load())
}

// recordedOf is what a log has for alpha.
func recordedOf(t *testing.T, catalog services.Catalog, lines ...string) *recorded {
	t.Helper()
	c, err := catalog.Complete()
	require.NoError(t, err)
	all := newRecorded()
	require.NoError(t, all.readLogs(t.Context(), source{}, []string{logOf(t, lines...)}, c, *c.Find("alpha")))
	return all
}

// Of many shapes those are compared that come most, and the report says that others are not.
func TestManyShapes(t *testing.T) {
	var lines []string
	for i := range 30 {
		lines = append(lines, line("GET", "/api/alpha/tag-"+strings.Repeat("x", i)))
	}
	for i := range 20 {
		lines = append(lines, line("GET", fmt.Sprintf("/api/alpha/threads/%d", i)))
	}
	all := recordedOf(t, fixture.Catalog(), lines...)
	assert.Equal(t, "/api/alpha/threads/0", all.sample(3)[0].target)
	text, err := compared(t, t.Context(), twoSides(t, writing(`{}`), writing(`{}`)), logOf(t, lines...), "--budget", "9")
	require.NoError(t, err)
	assert.Contains(t, text, "not compared: the 28 shapes that come least: raise --budget")
}

// Of a log without end no more is kept than fits.
func TestManyRequests(t *testing.T) {
	all := newRecorded()
	all.most = 3
	for i := range 9 {
		all.keep(request{method: "GET", target: fmt.Sprintf("/api/alpha/%d", i%5)}, 1)
	}
	assert.Equal(t, "9 requests of 1 shapes; left out: 0 of another service, verb or answer, 3 after the first 3 that differ", all.String())
	assert.Len(t, all.sample(100), 3)
}

// What the load balancer answered in the place of a target is not repeated, and neither is what
// another service takes, whose paths are below.
func TestLeftOut(t *testing.T) {
	c := fixture.Catalog()
	c.Services = append(c.Services, services.Service{
		Name: "avatars", Image: services.Image{Registry: "registry.example/avatars:1"}, Paths: []string{"/api/alpha/avatars/*"}, Priority: 40,
	})
	timedOut := strings.Replace(line("GET", "/api/alpha/export"), " 200 200 ", " 504 - ", 1)
	all := recordedOf(t, c, line("GET", "/api/alpha/7"), line("GET", "/api/alpha/avatars/7"), timedOut)
	assert.Equal(t, 1, all.kept)
	assert.Equal(t, 2, all.others)
}

// An answer that breaks off or does not end is one that differs, and no reason to stop.
func TestAnswersWithoutEnd(t *testing.T) {
	short := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte(`{"short`))
	}
	text, err := compared(t, t.Context(), twoSides(t, short, writing(`{}`)), logOf(t, line("GET", "/api/alpha/7")))
	require.ErrorIs(t, err, errDiffers)
	assert.Contains(t, text, "status differs 1 times, such as in GET /api/alpha/7: 200 and 502")

	nameless := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Del("X-Served-By")
		short(w, r)
	}
	_, err = compared(t, t.Context(), twoSides(t, nameless, writing(`{}`)), logOf(t, line("GET", "/api/alpha/7")))
	require.ErrorContains(t, err, "who answered is not known")

	endless := func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("data\n"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	server := twoSides(t, endless, writing(`{}`))
	s := newSides(options{url: server.URL, proof: "X-Served-By"}, "alpha", "legacy")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	answer, err := s.ask(ctx, request{method: "GET", target: "/api/alpha/7"}, &s.service)
	require.NoError(t, err)
	assert.Equal(t, http.StatusGatewayTimeout, answer.Status)
}

// Without a proof of who answers nothing is claimed.
func TestProof(t *testing.T) {
	log := logOf(t, line("GET", "/api/alpha/7"))
	server := func(alpha, legacy string) *httptest.Server {
		naming := func(name string) func(http.ResponseWriter, *http.Request) {
			return func(w http.ResponseWriter, r *http.Request) {
				w.Header().Del("X-Served-By")
				if name != "" {
					w.Header().Set("Server", name)
				}
				writing(`{}`)(w, r)
			}
		}
		return twoSides(t, naming(alpha), naming(legacy))
	}
	_, err := compared(t, t.Context(), server("a", "b"), log)
	require.ErrorContains(t, err, "without X-Served-By: who answered is not known")
	_, err = compared(t, t.Context(), server("a", "a"), log, "--proof", "Server")
	require.ErrorContains(t, err, `both sides answer as "a" in Server: the preview header did nothing`)
	text, err := compared(t, t.Context(), server("a", "b"), log, "--proof", "Server")
	require.NoError(t, err, text)

	var n atomic.Int64
	changing := func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Served-By", fmt.Sprint(n.Add(1))) }
	_, err = compared(t, t.Context(), twoSides(t, writing(`{}`), changing), log)
	require.ErrorContains(t, err, "another program answers for it")
}

// A key of JSON may be personal data too, and a load balancer's own 5xx names no program.
func TestKeysAndErrors(t *testing.T) {
	log := logOf(t, line("GET", "/api/alpha/7"))
	text, err := compared(t, t.Context(),
		twoSides(t, writing(`{"by":{"jane@example.com":1,"joe@example.com":2}}`), writing(`{"by":{"jane@example.com":3,"joe@example.com":4}}`)),
		log)
	require.ErrorIs(t, err, errDiffers)
	assert.Contains(t, text, "$.by.{} differs 2 times")
	assert.NotContains(t, text, "jane")

	nameless := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Del("X-Served-By")
		w.WriteHeader(http.StatusBadGateway)
	}
	text, err = compared(t, t.Context(), twoSides(t, nameless, writing(`{}`)), log)
	require.ErrorIs(t, err, errDiffers)
	assert.Contains(t, text, "status differs 1 times")
	malformed := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://[x")
		w.WriteHeader(302)
	}
	text, err = compared(t, t.Context(), twoSides(t, malformed, malformed), log)
	require.NoError(t, err, text)
}

// An external monolith is asked without the header.
func TestExternalMonolith(t *testing.T) {
	var named atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		named.Store(named.Load() || r.Header.Get(services.PreviewHeader) == "legacy")
		w.Header().Set("X-Served-By", "program "+r.Header.Get(services.PreviewHeader))
	}))
	t.Cleanup(server.Close)
	text, err := compared(t, t.Context(), server, logOf(t, line("GET", "/api/alpha/7")), "--external")
	require.NoError(t, err, text)
	assert.False(t, named.Load())
}

// Production is left alone once it breaks, and an interruption reports what there is.
func TestEndsEarly(t *testing.T) {
	var lines []string
	for i := range 60 {
		lines = append(lines, line("GET", fmt.Sprintf("/api/alpha/%d", i)))
	}
	broken := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }
	text, err := compared(t, t.Context(), twoSides(t, broken, writing(`{}`)), logOf(t, lines...))
	require.ErrorContains(t, err, "10 answers of 500 and above in a row")
	assert.Contains(t, text, "status differs 10 times")

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	stopped, stop := context.WithCancel(t.Context())
	context.AfterFunc(ctx, stop)
	file := filepath.Join(t.TempDir(), "report.json")
	_, err = compared(t, stopped, twoSides(t, writing(`{}`), writing(`{}`)), logOf(t, lines...), "--json", file)
	require.NoError(t, err)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	var found report
	require.NoError(t, json.Unmarshal(content, &found))
	require.Len(t, found.Shapes, 1)
	assert.Less(t, found.Shapes[0].Asked, 60)
	assert.Positive(t, found.Shapes[0].Asked)
}

var (
	yes, not = true, false

	fixtureTraffic = traffic.Traffic{
		{Name: "list", Path: "/api/alpha", Target: "/api/alpha?limit=2", Weight: 5},
		{Name: "one", Path: "/api/alpha", Target: "/api/alpha/{{id}}"},
		{
			Name: "create", Path: "/api/alpha", Method: "POST", Target: "/api/alpha", Status: 201, Body: `{"id":"{{new}}"}`,
			Writes: &traffic.Item{ReadBack: "/api/alpha"},
		},
		{
			Name: "search", Path: "/api/alpha", Method: "POST", Target: "/api/alpha/search", Body: `{"like":"x"}`, Safe: &yes,
			Header: map[string]string{"X-Key": "key"}, Differs: []string{"took"},
		},
		{Name: "search-all", Path: "/api/alpha", Method: "POST", Target: "/api/alpha/all"},
		{Name: "end", Path: "/api/alpha", Target: "/api/alpha/end", Safe: &not},
		{Name: "beta", Path: "/api/beta", Target: "/api/beta"},
		{Name: "gamma", Path: "/gamma", Target: "/gamma"},
	}
)

// The catalog's traffic is sent in the place of a log, as far as it is safe and names no item: a
// GET that changes something is not, a POST that says so is, with its body and headers. What the
// two may fill differently is no difference.
func TestTrafficOfTheCatalog(t *testing.T) {
	var targets sync.Map
	noting := func(took string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			targets.Store(strings.TrimSpace(r.Method+" "+r.RequestURI+" "+string(body)+" "+r.Header.Get("X-Key")), true)
			writing(`{"took":`+took+`}`)(w, r)
		}
	}
	server := twoSides(t, noting("1"), noting("2"))
	var out bytes.Buffer
	args := []string{"--url", server.URL, "--service", "alpha", "--rate", "100", "--traffic"}
	require.Error(t, run(t.Context(), args, system{fixture.Catalog(), fixtureTraffic}, source{}, &out, &out))
	var sent []string
	targets.Range(func(target, _ any) bool { sent = append(sent, target.(string)); return true })
	assert.ElementsMatch(t, []string{"GET /api/alpha?limit=2", `POST /api/alpha/search {"like":"x"} key`}, sent)
	assert.Contains(t, out.String(), "6 requests of 2 shapes; left out: 6 of another service, verb or answer")
	assert.Contains(t, out.String(), "GET /api/alpha: $.took differs 1 times")
	assert.NotContains(t, out.String(), "search: $.took")
}

// Bad input is one line.
func TestBadInput(t *testing.T) {
	log := logOf(t, line("GET", "/api/beta/7"))
	for want, args := range map[string][]string{
		`--url "": want`:                       {"--service", "alpha", log},
		`--url "www.example.com": want`:        {"--url", "www.example.com", log},
		`--service "delta": want one of alpha`: {"--url", "http://localhost", "--service", "delta", log},
		`no access log is named`:               {"--url", "http://localhost", "--service", "alpha"},
		`--budget 2: want 3 or more`:           {"--url", "http://localhost", "--budget", "2", log},
		`--rate 0: want 0.01 to 100`:           {"--url", "http://localhost", "--rate", "0", log},
		`--rate 1e-10: want 0.01 to 100`:       {"--url", "http://localhost", "--rate", "1e-10", log},
		`--tolerance 100: want`:                {"--url", "http://localhost", "--tolerance", "100", log},
		`--proof is empty`:                     {"--url", "http://localhost", "--proof", "", log},
		`--traffic and logs are both`:          {"--url", "http://localhost", "--traffic", log},
		`no request is one of alpha: want GETs or HEADs of /api/alpha, /api/alpha/*`: {
			"--url", "http://localhost", "--service", "alpha", log,
		},
		`no such file`: {"--url", "http://localhost", "--service", "alpha", "none.log"},
	} {
		var out bytes.Buffer
		err := run(t.Context(), args, system{fixture.Catalog(), fixtureTraffic}, source{}, &out, &out)
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "\n")
	}
}

func TestReadmeNamesTheFlags(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var named, flags []string
	for _, row := range regexp.MustCompile("(?m)^\\| `--([a-z]+)` \\|").FindAllStringSubmatch(string(readme), -1) {
		named = append(named, row[1])
	}
	new(options).flags().VisitAll(func(f *flag.Flag) { flags = append(flags, f.Name) })
	assert.ElementsMatch(t, flags, named)
}

// Logs of a bucket are read page by page, and what S3 refuses is one line.
func TestLogsOfABucket(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/denied"):
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`<Error><Code>AccessDenied</Code><Message>not yours</Message></Error>`))
		case r.URL.Query().Get("list-type") == "" && strings.HasSuffix(r.URL.Path, ".log"):
			_, _ = w.Write([]byte(line("GET", "/api/alpha"+strings.TrimSuffix(r.URL.Path, ".log")) + "\n"))
		case r.URL.Query().Get("continuation-token") == "":
			_, _ = w.Write([]byte(`<ListBucketResult><Contents><Key>day/a.log</Key></Contents><IsTruncated>true</IsTruncated>` +
				`<NextContinuationToken>2</NextContinuationToken></ListBucketResult>`))
		default:
			_, _ = w.Write([]byte(`<ListBucketResult><Contents><Key>day/b.log</Key></Contents></ListBucketResult>`))
		}
	}))
	t.Cleanup(server.Close)
	from := source{func(context.Context) (*s3.Client, error) {
		return s3.New(s3.Options{
			Region: "eu-west-1", BaseEndpoint: &server.URL, UsePathStyle: true, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		}), nil
	}}
	c, err := fixture.Catalog().Complete()
	require.NoError(t, err)
	all := newRecorded()
	require.NoError(t, all.readLogs(t.Context(), from, []string{"s3://logs/day/"}, c, *c.Find("alpha")))
	assert.Equal(t, 2, all.kept)
	assert.Len(t, all.shapes, 2)
	err = newRecorded().readLogs(t.Context(), from, []string{"s3://denied/day/"}, c, *c.Find("alpha"))
	assert.EqualError(t, err, "s3://denied: ListObjectsV2: AccessDenied: not yours")
}
