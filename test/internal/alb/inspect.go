package alb

import (
	"cmp"
	"maps"
	"net/http"
	"strings"
)

// The limits of a request's header, in bytes, and of its X-Forwarded-For, in addresses.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const (
	maxRequestLine   = 16 << 10
	maxHeaderField   = 16 << 10
	maxRequestHeader = 64 << 10
	maxForwardedFor  = 30
)

// Answers that HTTP does not know.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#load-balancer-http-error-codes
const (
	// statusForwardedFor is the answer to an X-Forwarded-For of too many addresses.
	statusForwardedFor = 463
	// statusProtocolVersion is the answer to a request whose version of HTTP the target
	// group does not take.
	statusProtocolVersion = 464
)

// inspect returns the status of a request that the load balancer answers itself before
// it evaluates rules, and 0 for any other. Of a request line that is too long, AWS
// documents 400 for the line and 414 for the URL.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#load-balancer-http-error-codes
func (a Attributes) inspect(r *http.Request) (status int) {
	target := cmp.Or(r.RequestURI, r.URL.RequestURI())
	line := len(r.Method) + len(" ") + len(target) + len(" ") + len(r.Proto)
	switch {
	case len(target) > maxRequestLine:
		return http.StatusRequestURITooLong
	case line > maxRequestLine || !headerFits(r, line):
		return http.StatusBadRequest
	case r.Method == http.MethodTrace:
		return http.StatusMethodNotAllowed
	case forwardedFor(r.Header) > maxForwardedFor:
		return statusForwardedFor
	case a.DesyncMitigationMode == Strictest && classify(r) != compliant:
		return http.StatusBadRequest
	}
	return 0
}

// headerFits reports whether no field of the header is too long, and all are not together
// with the request line.
func headerFits(r *http.Request, line int) bool {
	const separators = len(": ") + len("\r\n")
	sum := line + len("\r\n") + len("Host") + len(r.Host) + separators
	for name, values := range r.Header {
		for _, value := range values {
			field := len(name) + len(value) + separators
			if field > maxHeaderField {
				return false
			}
			sum += field
		}
	}
	return sum <= maxRequestHeader
}

// forwardedFor counts the addresses in X-Forwarded-For.
func forwardedFor(header http.Header) int {
	n := 0
	for _, value := range header.Values("X-Forwarded-For") {
		n += 1 + strings.Count(value, ",")
	}
	return n
}

// withoutInvalidFields returns r without the header fields that the load balancer drops.
// AWS does not document whether rules see them; here they do not.
func (a Attributes) withoutInvalidFields(r *http.Request) *http.Request {
	if !a.DropInvalidHeaderFields {
		return r
	}
	kept := maps.Clone(r.Header)
	maps.DeleteFunc(kept, func(name string, _ []string) bool { return !validFieldName(name) })
	r = r.WithContext(r.Context())
	r.Header = kept
	return r
}

// validFieldName reports whether a name has letters, digits and hyphens only.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
func validFieldName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !('a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || r == '-')
	})
}
