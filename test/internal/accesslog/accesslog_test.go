package accesslog

import (
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// line is one in the form of AWS's documentation, with a request and what comes before and
// after it.
func line(kind, request, end string) string {
	return kind + ` 2026-07-02T22:23:00.186641Z app/shop/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 ` +
		`"` + request + `" "curl/7.46.0" - - arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop/73e2d6bc24d8a067 ` +
		`"Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 25100 2026-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"` + end
}

func TestParse(t *testing.T) {
	e, err := Parse(line("http", "GET http://shop.example.com:80/users?page=2 HTTP/1.1", " TID_dc57cebe6bdcb5c4"))
	require.NoError(t, err)
	assert.Equal(t, "http", e.Type)
	assert.Equal(t, time.Date(2026, 7, 2, 22, 23, 0, 186641000, time.UTC), e.Time)
	assert.Equal(t, time.Millisecond, e.Duration)
	assert.Equal(t, 200, e.Status)
	assert.Equal(t, 200, e.TargetStatus)
	assert.Equal(t, "GET", e.Method)
	assert.Equal(t, "http://shop.example.com:80/users?page=2", e.URL.String())
	assert.Equal(t, "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop/73e2d6bc24d8a067", e.TargetGroup)
	assert.Equal(t, 25100, e.RulePriority)
}

// Every form that AWS documents or that was seen.
func TestForms(t *testing.T) {
	for name, test := range map[string]struct {
		line        string
		method, url string
	}{
		"before conn_trace_id came": {line("https", "GET https://a.example:443/ HTTP/1.1", ""), "GET", "https://a.example:443/"},
		"HTTP/2":                    {line("h2", "GET https://a.example:443/x HTTP/2.0", " TID_1"), "GET", "https://a.example:443/x"},
		"a WebSocket":               {line("wss", "GET https://a.example:443/live HTTP/1.1", " TID_1"), "GET", "https://a.example:443/live"},
		"transforms": {
			line("http", "GET http://a.example:80/api/x HTTP/1.1", ` TID_1 "-" "/x" "OK"`), "GET", "http://a.example:80/api/x",
		},
		"a field of tomorrow": {
			line("http", "GET http://a.example:80/ HTTP/1.1", ` TID_1 "-" "-" "-" "new one" 7`), "GET", "http://a.example:80/",
		},
		"IPv6": {line("http", "GET http://[2001:db8::1]:80/ HTTP/1.1", " TID_1"), "GET", "http://[2001:db8::1]:80/"},
		"spaces": {
			line("http", "GET http://a.example:80/a b/c d HTTP/1.1", " TID_1"), "GET", "http://a.example:80/a%20b/c%20d",
		},
		"a quote":        {line("http", `GET http://a.example:80/a\x22b HTTP/1.1`, " TID_1"), "GET", "http://a.example:80/a%22b"},
		"no request":     {line("http", "- http://a.example:80- -", " TID_1"), "", ""},
		"nothing at all": {line("http", "-", " TID_1"), "", ""},
	} {
		e, err := Parse(test.line)
		require.NoError(t, err, name)
		assert.Equal(t, test.method, e.Method, name)
		at := ""
		if e.URL != nil {
			at = e.URL.String()
		}
		assert.Equal(t, test.url, at, name)
	}
	e, err := Parse(line("http", "GET http://a.example:80/api/x HTTP/1.1", ` TID_1 "-" "/x" "OK"`))
	require.NoError(t, err)
	assert.Equal(t, "/x", e.TransformedURI)
}

// A field that is left out is empty, and -1 is no time.
func TestLeftOut(t *testing.T) {
	text := line("https", "POST https://a.example:443/ HTTP/1.1", " TID_1")
	text = strings.Replace(text, "0.000 0.001 0.000 200 200", "-1 -1 -1 460 -", 1)
	text = strings.Replace(text, "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop/73e2d6bc24d8a067", "-", 1)
	text = strings.Replace(text, `"-" "-" 25100`, `"a.example" "session-reused" -`, 1)
	text = strings.Replace(text, "192.168.131.39:2817", "2001:db8::7:2817", 1) // without brackets
	e, err := Parse(text)
	require.NoError(t, err)
	assert.Equal(t, 460, e.Status)
	assert.Zero(t, e.TargetStatus)
	assert.Zero(t, e.Duration)
	assert.Empty(t, e.TargetGroup)
	assert.Zero(t, e.RulePriority)
}

func TestMalformed(t *testing.T) {
	good := line("http", "GET http://a.example:80/ HTTP/1.1", " TID_1")
	for want, text := range map[string]string{
		"3 fields: want 29 or more": "a b c",
		"a quote has no end":        good[:strings.Index(good, `"forward"`)+4],
		"no space after a quote":    strings.Replace(good, `"forward"`, `"forward"x`, 1),
		`elb_status_code: strconv.Atoi: parsing "abc": invalid syntax`: strings.Replace(good, "200 200", "abc 200", 1),
		`target_processing_time: "fast": want seconds`:                 strings.Replace(good, "0.001", "fast", 1),
		"request: its URL is malformed":                                strings.Replace(good, "80/ HTTP", "80/%zz?token=s3cret HTTP", 1),
		"request: want a method, a URL and a protocol":                 strings.Replace(good, "80/ HTTP/1.1", "80/?token=s3cret", 1),
	} {
		_, err := Parse(text)
		assert.EqualError(t, err, want)
	}
}

// A log is read to its end, compressed or not; what cannot be read is counted.
func TestRead(t *testing.T) {
	log := line("http", "GET http://a.example:80/1 HTTP/1.1", " TID_1") + "\n" + "broken\n\n" +
		line("http", "GET http://a.example:80/2 HTTP/1.1", "") + "\r\n" + "broken too\n"
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	_, err := w.Write([]byte(log))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for name, content := range map[string]string{"plain": log, "compressed": compressed.String()} {
		var paths []string
		rejected, first, err := Read(strings.NewReader(content), func(e Entry) error {
			paths = append(paths, e.URL.Path)
			return nil
		})
		require.NoError(t, err, name)
		assert.Equal(t, []string{"/1", "/2"}, paths, name)
		assert.Equal(t, 2, rejected, name)
		assert.EqualError(t, first, "line 2: 1 fields: want 29 or more", name)
	}
	rejected, first, err := Read(strings.NewReader(""), nil)
	assert.NoError(t, errors.Join(first, err), "an empty log")
	assert.Zero(t, rejected)
	enough := errors.New("enough")
	_, _, err = Read(strings.NewReader(log), func(Entry) error { return enough })
	assert.ErrorIs(t, err, enough)
	_, _, err = Read(strings.NewReader(compressed.String()[:compressed.Len()-9]), func(Entry) error { return nil })
	assert.Error(t, err, "a compressed log that ends early")
}

// No line makes the reader fail otherwise than with an error, and what it reads of a URL can
// be sent.
func FuzzParse(f *testing.F) {
	f.Add(line("http", "GET http://a.example:80/a b HTTP/1.1", " TID_1"))
	f.Add(line("h2", `GET https://a.example:443/\x22 HTTP/2.0`, ""))
	f.Add(line("http", "- http://a.example:80- -", ""))
	f.Add(`"`)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Parse(text)
		if err != nil || e.URL == nil {
			return
		}
		assert.NotContains(t, e.URL.RequestURI(), " ")
		assert.GreaterOrEqual(t, e.Duration, time.Duration(0))
	})
}
