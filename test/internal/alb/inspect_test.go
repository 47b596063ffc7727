package alb

import (
	"bufio"
	"cmp"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answers sends the bytes of a request to a load balancer that answers 200 by itself, and
// returns the status and whether the connection ends with it.
func answers(t *testing.T, attributes Attributes, request string) (status int, closes bool) {
	t.Helper()
	s := httptest.NewServer(&LoadBalancer{Attributes: attributes, Listener: Listener{Default: FixedResponse{StatusCode: 200}}})
	defer s.Close()
	connection, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	defer connection.Close()
	_, err = connection.Write([]byte(request))
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err, "%.100q", request)
	response.Body.Close()
	return response.StatusCode, response.Close
}

// get is a request of exactly so many bytes in its line, in one field and in all.
func get(line, field, header int) string {
	const method, version, host, end = "GET ", " HTTP/1.1", "\r\nHost: example.com\r\n", "\r\n"
	var b strings.Builder
	b.WriteString(method + "/" + strings.Repeat("u", max(0, line-len(method+"/"+version))) + version + host)
	add := func(size int) {
		const name = "X-Fill: "
		b.WriteString(name + strings.Repeat("f", size-len(name)-len(end)) + end)
	}
	if field > 0 {
		add(field)
	}
	for header-b.Len() > 1000 {
		add(min(header-b.Len(), 10_000+(header-b.Len())%10_000))
	}
	return b.String() + end
}

// The limits are those of
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
// and the answers those of
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#load-balancer-http-error-codes
func TestLimitsOfARequest(t *testing.T) {
	const k = 1024
	addresses := func(n int) string {
		return "X-Forwarded-For: 192.0.2.1" + strings.Repeat(", 192.0.2.1", n-1) + "\r\n"
	}
	const line = "GET / HTTP/1.1\r\nHost: example.com\r\n"
	for name, test := range map[string]struct {
		request string
		want    int
	}{
		"a request line of 16 K":          {get(16*k, 0, 0), 200},
		"a request line above":            {get(16*k+1, 0, 0), 400},
		"a URL above 16 K":                {get(16*k+14, 0, 0), 414},
		"a header field of 16 K":          {get(0, 16*k, 0), 200},
		"a header field above":            {get(0, 16*k+1, 0), 400},
		"a header of 64 K":                {get(0, 0, 64*k), 200},
		"a header above":                  {get(0, 0, 64*k+1), 400},
		"TRACE":                           {"TRACE" + line[len("GET"):] + "\r\n", 405},
		"another method":                  {"PATCH" + line[len("GET"):] + "\r\n", 200},
		"30 addresses in X-Forwarded-For": {line + addresses(30) + "\r\n", 200},
		"31 addresses":                    {line + addresses(31) + "\r\n", 463},
		"31 addresses in two fields":      {line + addresses(15) + addresses(16) + "\r\n", 463},
		"an unknown Transfer-Encoding":    {"POST" + line[len("GET"):] + "Transfer-Encoding: gzip\r\n\r\n", 501},
	} {
		status, closes := answers(t, Attributes{}, test.request)
		assert.Equal(t, test.want, status, name)
		assert.Equal(t, test.want != 200, closes, "%s: the connection ends", name)
	}
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
func TestLimitOfAResponse(t *testing.T) {
	for size, want := range map[int]int{31 << 10: 200, 33 << 10: 502} {
		p := newProgram(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Fill", strings.Repeat("f", size)) })
		g := newTestGroup(t, settings())
		g.Register(p.address)
		assert.Equal(t, want, status(t, front(t, g)), "%d bytes of header", size)
	}
}

// "The incoming request protocol is incompatible with the target group protocol version."
func TestProtocolVersion(t *testing.T) {
	p := newProgram(t, nil)
	for version, want := range map[string]int{"": 200, "HTTP1": 200, "HTTP2": 464, "GRPC": 464} {
		s := settings()
		s.ProtocolVersion = version
		g := newTestGroup(t, s)
		g.Register(p.address)
		assert.Equal(t, want, status(t, front(t, g)), cmp.Or(version, "no version"))
	}
}

// "HTTP header names must match the regular expression [-A-Za-z0-9]+."
func TestDropInvalidHeaderFields(t *testing.T) {
	const valid, invalid = "X-Token-1", "X_Token"
	for drop, want := range map[bool]string{false: "seen", true: "unseen"} {
		var got http.Header
		lb := LoadBalancer{
			Attributes: Attributes{DropInvalidHeaderFields: drop},
			Listener: Listener{
				Rules:   []Rule{{Priority: 1, Conditions: []Condition{HTTPHeader{Name: invalid, Values: []string{"*"}}}, Action: ForwardTo("seen")}},
				Default: ForwardTo("unseen"),
			},
			TargetGroups: map[string]http.Handler{},
		}
		for _, group := range []string{"seen", "unseen"} {
			lb.TargetGroups[group] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = r.Header
				w.Header().Set("Group", group)
			})
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set(valid, "1")
		r.Header.Set(invalid, "2")
		w := httptest.NewRecorder()
		lb.ServeHTTP(w, r)
		assert.Equal(t, want, w.Header().Get("Group"), "the rule on a field that is dropped: %v", drop)
		assert.Equal(t, "1", got.Get(valid))
		assert.Equal(t, !drop, got.Get(invalid) == "2", "dropped: %v", drop)
		assert.Equal(t, "2", r.Header.Get(invalid), "the client's own request changed")
	}
}
