package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"example.com/forum/test/alb"
)

// requestTimeout bounds one request, well above what any should need.
const requestTimeout = 10 * time.Second

// door is the load balancer: it obeys the listener rules of the templates.
type door struct {
	url    string
	server *http.Server
	rules  atomic.Pointer[rules]
}

// rules are the listener of one deployment and the programs behind its target groups.
type rules struct {
	balancer *alb.LoadBalancer
	// programs name the program of each target group.
	programs map[string]string
}

// openDoor listens on a free port of this machine.
func openDoor() (*door, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &door{url: "http://" + listener.Addr().String()}
	d.server = &http.Server{Handler: d, ReadHeaderTimeout: requestTimeout}
	go d.server.Serve(listener)
	return d, nil
}

// ServeHTTP answers as the current rules say; before the first deployment there is nothing.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	current := d.rules.Load()
	if current == nil {
		http.Error(w, "nothing is deployed", http.StatusServiceUnavailable)
		return
	}
	current.balancer.ServeHTTP(w, r)
}

// mayServe names the programs that the rules give a share of the request, or ""
// when the load balancer answers it itself.
func (d *door) mayServe(sent *http.Request) []string {
	request := sent.Clone(context.Background())
	request.RemoteAddr = "127.0.0.1:0"
	current := d.rules.Load()
	var names []string
	for group := range current.balancer.Listener.Route(request).Shares() {
		names = append(names, current.programs[group])
	}
	if len(names) == 0 {
		return []string{""}
	}
	slices.Sort(names)
	return names
}

func (d *door) close() { d.server.Close() }

// proxy hands requests to one process.
func proxy(address string, transport http.RoundTripper) http.Handler {
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: address})
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
}
