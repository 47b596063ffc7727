package alb

import (
	"cmp"
	"net"
	"net/http"
	"net/netip"
)

// request holds the parts of a request that conditions compare.
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

// pathAsSent returns the path with the client's own encoding. It prefers RawPath to
// EscapedPath, which encodes characters that a client may leave plain and a path
// pattern may name, such as the quote.
func pathAsSent(r *http.Request) string {
	return cmp.Or(r.URL.RawPath, r.URL.EscapedPath(), "/")
}

// hostname returns a host without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// peer returns the address of the client's connection. Without one it is the invalid
// address, which no block contains.
func peer(r *http.Request) netip.Addr {
	addrPort, _ := netip.ParseAddrPort(r.RemoteAddr)
	return addrPort.Addr().Unmap().WithZone("")
}
