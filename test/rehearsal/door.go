package main

import (
	"context"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
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
	// url is for anyone.
	url string
	// insideURL is for a caller with an address from which X-Route-To works.
	insideURL string
	servers   []*http.Server
	rules     atomic.Pointer[rules]
}

// rules are the listener of one deployment and the programs behind its target groups.
type rules struct {
	balancer *alb.LoadBalancer
	// programs name the program of each target group.
	programs map[string]string
}

// openDoor listens on two free ports of this machine.
func openDoor() (*door, error) {
	d := &door{}
	var err error
	if d.url, err = d.listen(d); err != nil {
		return nil, err
	}
	d.insideURL, err = d.listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = d.insideAddress()
		d.ServeHTTP(w, r)
	}))
	return d, err
}

func (d *door) listen(handler http.Handler) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: requestTimeout}
	d.servers = append(d.servers, server)
	go server.Serve(listener)
	return "http://" + listener.Addr().String(), nil
}

// outsideAddress is where requests to this machine's loopback come from.
const outsideAddress = "127.0.0.1:0"

// insideAddress is one that the preview rules allow.
func (d *door) insideAddress() string {
	for _, rule := range d.rules.Load().balancer.Listener.Rules {
		for _, condition := range rule.Conditions {
			if blocks, ok := condition.(alb.SourceIP); ok {
				return netip.AddrPortFrom(blocks[0].Addr().Next(), 0).String()
			}
		}
	}
	return outsideAddress
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

// mayServe names the programs that the rules give a share of a request from an
// address, or "" when the load balancer answers it itself.
func (d *door) mayServe(sent *http.Request, address string) []string {
	request := sent.Clone(context.Background())
	request.RemoteAddr = address
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

// programs names those that have a target group.
func (d *door) programs() []string {
	return slices.Sorted(maps.Values(d.rules.Load().programs))
}

func (d *door) close() {
	for _, server := range d.servers {
		server.Close()
	}
}

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
