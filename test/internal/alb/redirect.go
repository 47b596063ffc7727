package alb

import (
	"cmp"
	"net"
	"net/http"
	"strings"
)

// Redirect sends the client to another URL. Each part of that URL may hold
// #{protocol}, #{host}, #{port}, #{path} (without its leading slash) and
// #{query}, which stand for the request's own parts. An empty part keeps the
// request's, so no Redirect drops the query.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#redirect-actions
type Redirect struct {
	// Protocol is HTTP, HTTPS or #{protocol}, the default.
	Protocol string
	// Host defaults to #{host}, which has no port.
	Host string
	// Port is 1 to 65535 or #{port}, the default.
	Port string
	// Path begins with a slash. It defaults to /#{path}.
	Path string
	// Query has no question mark. It defaults to #{query}.
	Query string
	// StatusCode is 301 or 302.
	StatusCode int
}

func (a Redirect) serve(_ *LoadBalancer, w http.ResponseWriter, r *http.Request) {
	sign(w)
	w.Header().Set("Location", a.location(r))
	w.WriteHeader(a.StatusCode)
}

// location is the URL that r is redirected to.
func (a Redirect) location(r *http.Request) string {
	protocol, port := "HTTP", "80"
	if r.TLS != nil {
		protocol, port = "HTTPS", "443"
	}
	if _, named, err := net.SplitHostPort(r.Host); err == nil {
		port = named
	}
	own := strings.NewReplacer(
		"#{protocol}", protocol,
		"#{host}", hostname(r.Host),
		"#{port}", port,
		"#{path}", strings.TrimPrefix(pathAsSent(r), "/"),
		"#{query}", r.URL.RawQuery,
	)
	location := strings.ToLower(own.Replace(cmp.Or(a.Protocol, "#{protocol}"))) + "://" +
		own.Replace(cmp.Or(a.Host, "#{host}")) + ":" +
		own.Replace(cmp.Or(a.Port, "#{port}")) +
		own.Replace(cmp.Or(a.Path, "/#{path}"))
	if query := own.Replace(cmp.Or(a.Query, "#{query}")); query != "" {
		location += "?" + query
	}
	return location
}
