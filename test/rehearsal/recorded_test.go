package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
)

const group = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop/73e2d6bc24d8a067"

// logLine is one of a load balancer's access log.
func logLine(kind, request, group, second string) string {
	return kind + " 2026-07-02T22:" + second + ".186641Z app/shop/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 " +
		`200 200 34 366 "` + request + `" "curl/7.46.0" - - ` + group + ` "Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 100 ` +
		`2026-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_dc57cebe6bdcb5c4` + "\n"
}

// got is a line of a GET that a program has answered.
func got(url string) string { return logLine("https", "GET "+url+" HTTP/1.1", group, "23:00") }

// file writes a file of a folder that is there for the test.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func recordedOf(t *testing.T, r *recording, err error) (traffic.Traffic, string) {
	t.Helper()
	require.NoError(t, err)
	kinds, notes, err := r.traffic(fixtureCatalog(t))
	require.NoError(t, err)
	return kinds, strings.Join(notes, "\n")
}

func TestLog(t *testing.T) {
	log := file(t, "access.log", strings.Join([]string{
		strings.Repeat(got("https://www.example.com:443/api/alpha/1"), 3),
		got("https://www.example.com:443/api/alpha/a%2Fb?q=%20x&q=?"),
		strings.Repeat(logLine("h2", "HEAD https://www.example.com:443/api/beta HTTP/2.0", group, "23:59"), 2),
		got("http://10.0.0.7:80/files/a/b"),
		got("http://[2001:db8::1]:80/API/ALPHA?x={{7*7}}"),
		logLine("https", "POST https://www.example.com:443/api/alpha HTTP/1.1", group, "23:00"),
		logLine("wss", "GET https://www.example.com:443/api/alpha/live HTTP/1.1", group, "23:00"),
		logLine("http", "- http://www.example.com:80- -", group, "23:00"),
		logLine("http", "GET http://www.example.com:80/api/alpha HTTP/1.1", "-", "23:00"),
		"broken\n",
	}, ""))
	r, err := readLogs([]string{log})
	kinds, notes := recordedOf(t, r, err)
	type key struct{ method, host, target, path string }
	weights := map[key]int{}
	for _, k := range kinds {
		weights[key{k.Method, k.Header["Host"], k.Target, k.Path}] = k.Weight
		assert.Zero(t, k.Status, "learned at the first step")
	}
	assert.Equal(t, map[key]int{
		{"GET", "www.example.com", "/api/alpha/1", "/api/alpha/*"}:                3,
		{"GET", "www.example.com", "/api/alpha/a%2Fb?q=%20x&q=?", "/api/alpha/*"}: 1,
		{"HEAD", "www.example.com", "/api/beta", "/api/beta"}:                     2,
		{"GET", "10.0.0.7", "/files/a/b", "/files/?/*"}:                           1,
		{"GET", "[2001:db8::1]", "/API/ALPHA?x=%7B%7B7*7}}", ""}:                  1,
	}, weights)
	assert.Equal(t, "the log: 8 GETs and HEADs, 5 different ones, 8 in the busiest minute\n"+
		"left out: 1 answered by the load balancer itself; 1 of WebSockets; 1 of another verb than GET and HEAD; 1 without a request line; "+
		"1 malformed, the first in "+log+": line 13: 1 fields: want 29 or more", notes)
}

// What is sent is what the log has, as often, and counts for what a route takes.
func TestLogIsSentAsItWas(t *testing.T) {
	catalog := fixtureCatalog(t)
	rapid.Check(t, func(t *rapid.T) {
		verbs := rapid.SampledFrom([]string{"GET", "HEAD", "POST", "DELETE", "get"})
		paths := rapid.StringMatching(`(/api/alpha|/api/beta|/gamma|/files|/other)(/[a-z%0-9]{0,3}(%2F|%3f|\.\.|~|\*|\?|&|=)?){0,3}`)
		want := map[string]int{}
		r := newRecording("the log")
		for range rapid.IntRange(1, 30).Draw(t, "requests") {
			verb, target := verbs.Draw(t, "verb"), paths.Draw(t, "target")
			count := rapid.IntRange(1, 5).Draw(t, "count")
			at, err := url.Parse("http://www.example.com:80" + target)
			if err != nil {
				continue // the reader rejects such a line
			}
			for range count {
				r.add(verb, at, [len(kept)]string{}, time.Time{})
			}
			if verb == "GET" || verb == "HEAD" {
				want[verb+" "+target] += count
			}
		}
		kinds, _, err := r.traffic(catalog)
		if err != nil {
			return // nothing that a service takes
		}
		have := map[string]int{}
		for _, k := range kinds {
			have[k.Method+" "+k.Target] = k.Weight
			s := catalog.Find(ownerOf(catalog, k.Path))
			if k.Path == "" {
				assert.Empty(t, ownerOfTarget(catalog, k.Target), k.Target)
				continue
			}
			require.NotNil(t, s, k.Path)
			assert.Equal(t, s.Name, ownerOfTarget(catalog, k.Target), k.Target)
			assert.True(t, (services.Route{Paths: []string{k.Path}}).Takes(k.Method, "www.example.com", k.Path))
		}
		// With at most 150 requests the least share is below four of them.
		for request, n := range want {
			assert.GreaterOrEqual(t, have[request], n, request)
			assert.LessOrEqual(t, have[request], max(n, 4), request)
		}
		assert.Len(t, have, len(want))
	})
}

// Several files, also compressed and in folders, are one log.
func TestLogFiles(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, content []byte) {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, content, 0o600))
	}
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	_, err := w.Write([]byte(got("http://a.example:80/api/alpha")))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	write("07/02/a.log.gz", compressed.Bytes())
	write("07/03/b.log", []byte(got("http://a.example:80/api/alpha")+"broken\nbroken\n"))
	write(".hidden", []byte("broken\n"))
	r, err := readLogs([]string{folder, file(t, "c.log", "broken\n"+got("http://a.example:80/api/alpha"))})
	require.NoError(t, err)
	assert.Equal(t, 3, r.total())
	assert.Equal(t, 3, r.malformed)
	assert.ErrorContains(t, r.first, filepath.Join("07", "03", "b.log")+": line 2: ")

	_, err = readLogs([]string{filepath.Join(folder, "none")})
	assert.ErrorContains(t, err, "--log: ")
	write("07/04/c.log.gz", compressed.Bytes()[:compressed.Len()-9])
	_, err = readLogs([]string{folder})
	assert.ErrorContains(t, err, "c.log.gz: unexpected EOF")
}

// The rate is that of the busiest minute.
func TestRateOfLog(t *testing.T) {
	line := func(second string) string {
		return logLine("http", "GET http://a.example:80/api/alpha HTTP/1.1", group, second)
	}
	post := logLine("http", "POST http://a.example:80/api/alpha HTTP/1.1", group, "23:10")
	log := strings.Repeat(line("23:00"), 100) + strings.Repeat(line("23:59"), 50) + strings.Repeat(line("24:00"), 120) +
		strings.Repeat(post, 100)
	r, err := readLogs([]string{file(t, "a.log", log)})
	require.NoError(t, err)
	assert.Equal(t, 3, r.rate())
	for o, want := range map[*options]int{
		{serve: true}: 3,
		{}:            200,
	} {
		in := input{catalog: fixtureCatalog(t)}
		o.logs = []string{file(t, "a.log", log)}
		require.NoError(t, in.readTraffic(*o))
		assert.Equal(t, want, in.rate)
	}
}

func TestEmptyRecording(t *testing.T) {
	for want, log := range map[string]string{
		"no GET or HEAD in the log":               "",
		"left out: 2 malformed, the first in ":    "broken\nbroken\n",
		"left out: 1 of another verb":             logLine("http", "POST http://a.example:80/api/alpha HTTP/1.1", group, "23:00"),
		"no request of the log reaches a service": got("http://a.example:80/other"),
	} {
		in := input{catalog: fixtureCatalog(t)}
		assert.ErrorContains(t, in.readTraffic(options{logs: []string{file(t, "a.log", log)}}), want)
	}
}

func TestHAR(t *testing.T) {
	har := file(t, "a.har", "\ufeff"+`{"log":{"version":"1.2","entries":[
		{"request":{"method":"GET","url":"https://www.example.com/api/alpha?q=%C3%A9#top","headers":[
			{"name":":path","value":"/"},{"name":"accept","value":"text/html"},{"name":"Accept-Language","value":"de"},
			{"name":"Content-Type","value":"text/plain"},{"name":"Cookie","value":"session=1"},{"name":"authorization","value":"Bearer x"}]}},
		{"request":{"method":"GET","url":"https://www.example.com/api/alpha?q=%C3%A9","headers":[]}},
		{"request":{"method":"PUT","url":"https://api.example.com/api/alpha"}},
		{"request":{"method":"GET","url":"https://fonts.example.net/a?key=hunter2"}},
		{"request":{"method":"GET","url":"wss://www.example.com/api/alpha"}},
		{"request":{"method":"GET","url":"data:image/png;base64,AA=="}},
		{"request":{"method":"GET","url":"http://[broken/"}}
	]}}`)
	r, err := readHAR(har)
	kinds, notes := recordedOf(t, r, err)
	require.Len(t, kinds, 2)
	headers := []map[string]string{kinds[0].Header, kinds[1].Header}
	assert.ElementsMatch(t, []map[string]string{
		{"Host": "www.example.com", "Accept": "text/html", "Accept-Language": "de", "Content-Type": "text/plain"},
		{"Host": "www.example.com"},
	}, headers)
	for _, k := range kinds {
		assert.Equal(t, "/api/alpha?q=%C3%A9", k.Target)
		assert.Equal(t, "/api/alpha", k.Path)
	}
	assert.Contains(t, notes, "the HAR file: 2 GETs and HEADs, 2 different ones\nleft out: 1 of another site than example.com; "+
		"1 of another verb than GET and HEAD; 2 without an address of HTTP; 1 malformed, the first in entry 7: ")

	for want, content := range map[string]string{`no "log"`: `{}`, "--har ": `{"log":1}`} {
		_, err := readHAR(file(t, "a.har", content))
		assert.ErrorContains(t, err, want)
	}
	_, err = readHAR(filepath.Join(t.TempDir(), "none"))
	assert.ErrorContains(t, err, "--har: ")
}

// A stream sends a recorded request to its host, and takes the status of before.
func TestRecordedIsSentAndJudged(t *testing.T) {
	r, err := readLogs([]string{file(t, "a.log", got("http://www.example.com:80/api/alpha/a%2Fb?x=%3F"))})
	kinds, _ := recordedOf(t, r, err)
	target, _ := newStream("http://fixture", kinds, newLedger()).target(kinds[0])
	assert.Equal(t, "http://fixture/api/alpha/a%2Fb?x=%3F#recorded-1:0", target.URL)
	request, err := target.Request()
	require.NoError(t, err)
	assert.Equal(t, "www.example.com", request.Host)
	assert.Equal(t, "/api/alpha/a%2Fb?x=%3F", request.URL.RequestURI())

	status := http.StatusTeapot
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer s.Close()
	require.NoError(t, seed(s.URL, kinds, newLedger()))
	assert.Equal(t, http.StatusTeapot, kinds[0].Status)
	status, kinds[0].Status = http.StatusServiceUnavailable, 0
	assert.ErrorContains(t, seed(s.URL, kinds, newLedger()), "GET /api/alpha/a/b: status 503, want one below 500")
}

// The services that no request reaches are left out of what is judged, and nothing is audited.
func TestUnreachedServices(t *testing.T) {
	log := file(t, "a.log", got("http://a.example:80/api/beta"))
	r, err := readLogs([]string{log})
	kinds, notes := recordedOf(t, r, err)
	assert.Contains(t, notes, "no request of the log reaches alpha: it is not rehearsed\nno request of the log reaches gamma: it is not ")
	rehearsed := &rehearsal{catalog: fixtureCatalog(t), kinds: kinds, recorded: true, screen: &screen{out: io.Discard}, report: &Report{}}
	require.Len(t, rehearsed.rehearsed(), 1)
	assert.Equal(t, "beta", rehearsed.rehearsed()[0].Name)
	assert.NoError(t, rehearsed.audit(t.Context()))

	in := input{catalog: fixtureCatalog(t)}
	assert.EqualError(t, in.readTraffic(options{logs: []string{log}, only: "alpha"}), "--only alpha: no request of the log reaches it")
	require.NoError(t, in.readTraffic(options{logs: []string{log}, only: "beta"}))
	named(t, in.kinds, "kit-root")
	in.cannot = []string{"beta"}
	assert.ErrorContains(t, in.readTraffic(options{logs: []string{log}}), "no request of the log reaches a service that can start here")
}

// A pattern of two services counts for the first, so what the other has of it is left out.
func TestPatternOfTwoServices(t *testing.T) {
	catalog := services.Catalog{}
	for i, name := range []string{"first", "second"} {
		routes := []services.Route{{Paths: []string{"/a"}, Hosts: []string{name + ".example.com"}}}
		catalog.Services = append(catalog.Services, services.Service{Name: name, Priority: i, Routes: routes})
	}
	r, err := readLogs([]string{file(t, "a.log", got("http://first.example.com:80/a")+got("http://second.example.com:80/a"))})
	require.NoError(t, err)
	kinds, notes, err := r.traffic(catalog)
	require.NoError(t, err)
	require.Len(t, kinds, 1)
	assert.Equal(t, "first.example.com", kinds[0].Header["Host"])
	assert.Contains(t, notes, "left out: 1 of a path that two services have on different hosts or verbs")
}

// What a service calls may be missed by its requests, and need not be.
func TestRecordedNeeds(t *testing.T) {
	r, err := readLogs([]string{file(t, "a.log", got("http://a.example:80/gamma")+got("http://a.example:80/api/alpha"))})
	kinds, _ := recordedOf(t, r, err)
	needs := map[string][]string{}
	for _, k := range kinds {
		needs[k.Path] = k.Needs
	}
	assert.Equal(t, map[string][]string{"/gamma": {"/api/alpha"}, "/api/alpha": nil}, needs)
	alpha := fixtureCatalog(t).Services[0]
	assert.False(t, (&rehearsal{kinds: kinds, recorded: true}).calleeDown(alpha).missed)
	assert.True(t, (&rehearsal{kinds: kinds}).calleeDown(alpha).missed)
}
