package alb

import (
	"cmp"
	"net"
	"net/http"
	"net/netip"
)

// request is what conditions look at, prepared once for all rules.
type request struct {
	method string
	host   string // without the port
	path   string // normalized
	query  string
	header http.Header
	source netip.Addr
}

func newRequest(r *http.Request) request {
	return request{
		method: r.Method,
		host:   hostname(r.Host),
		path:   normalizePath(pathAsSent(r)),
		query:  r.URL.RawQuery,
		header: r.Header,
		source: peer(r),
	}
}

// pathAsSent prefers RawPath to EscapedPath, which would encode characters that
// a client may leave plain and a path pattern may name, such as the quote.
func pathAsSent(r *http.Request) string {
	return cmp.Or(r.URL.RawPath, r.URL.EscapedPath(), "/")
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// peer is the invalid address, which no block contains, when the request came
// over no TCP connection.
func peer(r *http.Request) netip.Addr {
	addrPort, _ := netip.ParseAddrPort(r.RemoteAddr)
	return addrPort.Addr().Unmap().WithZone("")
}
