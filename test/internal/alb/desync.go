package alb

import (
	"cmp"
	"net/http"
	"strings"
	"unicode"
)

// DesyncMitigationMode is how a load balancer treats a request that programs may read in
// different ways. The classes are those of the access log's classification reasons.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#desync-mitigation-mode
type DesyncMitigationMode string

const (
	// Monitor routes every request. Go's server refuses the severe ones nevertheless.
	Monitor DesyncMitigationMode = "monitor"
	// Defensive blocks the severe requests, and closes the connection of an ambiguous one
	// after the response.
	Defensive DesyncMitigationMode = "defensive"
	// Strictest blocks every request that does not comply with RFC 7230.
	Strictest DesyncMitigationMode = "strictest"
)

// class is how far a request is from RFC 7230. There is no class for severe requests:
// Go's server answers 400, 501 or 505 to them before any handler runs.
type class int

const (
	compliant class = iota
	acceptable
	ambiguous
)

// classify returns the class of a request by what Go's server leaves of it. The server
// merges equal Content-Length headers, drops Content-Length beside Transfer-Encoding,
// drops Transfer-Encoding from HTTP/1.0, joins folded lines and accepts lines that end in
// a bare LF, so that these pass as compliant.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html#classification-reasons
// https://github.com/aws/http-desync-guardian/blob/main/docs/README.md
func classify(r *http.Request) class {
	bodiless := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case bodiless && (r.ContentLength > 0 || len(r.TransferEncoding) > 0): // Undefined…Semantics
		return ambiguous
	case hasSuspiciousHeader(r.Header):
		return ambiguous
	case bodiless && r.Header["Content-Length"] != nil: // GetHeadZeroContentLength
		return acceptable
	case r.ProtoMajor == 1 && r.ProtoMinor > 1: // NonCompliantVersion
		return acceptable
	case hasNonASCII(r.Header): // NonCompliantHeader
		return acceptable
	}
	return compliant
}

// closes reports whether the client's connection ends after the response.
func (a Attributes) closes(r *http.Request) bool {
	return cmp.Or(a.DesyncMitigationMode, Defensive) == Defensive && classify(r) == ambiguous
}

// hasSuspiciousHeader reports whether a name has the letters of a header that delimits
// the body, and is not that header.
func hasSuspiciousHeader(header http.Header) bool {
	for name := range header {
		if letters := lettersOf(name); name != "Content-Length" && (letters == "contentlength" || letters == "transferencoding") {
			return true
		}
	}
	return false
}

// lettersOf returns the letters of a header's name in lower case.
func lettersOf(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// hasNonASCII reports whether a value has a character outside ASCII. Go's server refuses
// such names, and control characters.
func hasNonASCII(header http.Header) bool {
	for _, values := range header {
		for _, value := range values {
			if strings.ContainsFunc(value, func(r rune) bool { return r > unicode.MaxASCII }) {
				return true
			}
		}
	}
	return false
}
