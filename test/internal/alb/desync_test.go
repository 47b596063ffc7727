package alb

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The reasons and their classes are those of
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html#classification-reasons
// and what each mode does with a class is the table of
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#desync-mitigation-mode
func TestDesyncMitigationMode(t *testing.T) {
	const host, chunked = " HTTP/1.1\r\nHost: example.com\r\n", "Transfer-Encoding: chunked\r\n"
	// outcome is the status in each mode, and whether the mode Defensive closes.
	type outcome struct {
		monitor, defensive, strictest int
		closes                        bool
	}
	fine := outcome{200, 200, 200, false}
	acceptable, ambiguous := outcome{200, 200, 400, false}, outcome{200, 200, 400, true}
	// Go's server refuses these in every mode, and AWS lets them pass in Monitor, or also in Defensive.
	refused := func(status int) outcome { return outcome{status, status, status, true} }
	for name, test := range map[string]struct {
		request string
		want    outcome
	}{
		"Compliant":              {"GET /" + host + "\r\n", fine},
		"Compliant with a body":  {"POST /" + host + "Content-Length: 1\r\n\r\nx", fine},
		"Compliant, chunked":     {"POST /" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", fine},
		"Compliant, DELETE":      {"DELETE /" + host + "Content-Length: 0\r\n\r\n", fine},
		"Compliant, underscores": {"GET /" + host + "X_Token: 1\r\n\r\n", fine},
		"Compliant, no value":    {"GET /" + host + "X-Token:\r\n\r\n", fine},

		"GetHeadZeroContentLength":                {"GET /" + host + "Content-Length: 0\r\n\r\n", acceptable},
		"NonCompliantHeader, non-ASCII":           {"GET /" + host + "X-Name: J\xfcrgen\r\n\r\n", acceptable},
		"NonCompliantVersion":                     {"GET / HTTP/1.2\r\nHost: example.com\r\n\r\n", acceptable},
		"UndefinedContentLengthSemantics":         {"GET /" + host + "Content-Length: 1\r\n\r\nx", ambiguous},
		"UndefinedTransferEncodingSemantics":      {"GET /" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ambiguous},
		"SuspiciousHeader, Transfer_Encoding":     {"POST /" + host + "Transfer_Encoding: chunked\r\n\r\n", ambiguous},
		"SuspiciousHeader, Content.Length":        {"POST /" + host + "Content.Length: 1\r\n\r\n", ambiguous},
		"SpaceInUri":                              {"GET /a b" + host + "\r\n", refused(400)},
		"AmbiguousUri":                            {"GET /a\x01b" + host + "\r\n", refused(400)},
		"NonCompliantHeader, a control character": {"GET /" + host + "X-Name: \x01\r\n\r\n", refused(400)},
		"SuspiciousHeader, a space at its end":    {"POST /" + host + "Transfer-Encoding : chunked\r\n\r\n", refused(400)},
		"EmptyHeader":                             {"GET /" + host + ": x\r\n\r\n", refused(400)},
		"BadHeader":                               {"GET /" + host + "X-Name: \x00\r\n\r\n", refused(400)},
		"BadUri":                                  {"GET /\x00" + host + "\r\n", refused(400)},
		"BadMethod":                               {"G(T /" + host + "\r\n", refused(400)},
		"BadVersion":                              {"GET / HTTP/x\r\nHost: example.com\r\n\r\n", refused(400)},
		"BadContentLength":                        {"POST /" + host + "Content-Length: x\r\n\r\n", refused(400)},
		"MultipleContentLength":                   {"POST /" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", refused(400)},
		"BadTransferEncoding":                     {"POST /" + host + "Transfer-Encoding: x\r\n\r\n", refused(501)},
		"MultipleTransferEncodingChunked":         {"POST /" + host + chunked + chunked + "\r\n", refused(501)},

		// AWS blocks these in Strictest. Go's server hides them from its handlers.
		"BothTeClPresent":        {"POST /" + host + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", fine},
		"DuplicateContentLength": {"POST /" + host + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", fine},
		"MultilineHeader":        {"GET /" + host + "X-Name: a\r\n b\r\n\r\n", fine},
		"NonCrLfLineTermination": {"GET / HTTP/1.1\nHost: example.com\n\n", fine},
	} {
		for mode, want := range map[DesyncMitigationMode]int{
			Monitor: test.want.monitor, Defensive: test.want.defensive, "": test.want.defensive, Strictest: test.want.strictest,
		} {
			status, closes := answers(t, Attributes{DesyncMitigationMode: mode}, test.request)
			assert.Equal(t, want, status, "%s in mode %q", name, mode)
			if mode == Defensive || mode == "" {
				assert.Equal(t, test.want.closes, closes, "%s closes in mode %q", name, mode)
			}
		}
	}
}
