package region

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// sidecar is the proxy of one task. On AWS a program reaches it under the names of the
// namespace. Here it listens on a port of this machine for each name of which the
// environment has the URL, and the environment has its address instead.
type sidecar struct {
	// environment is that of the task, with addresses in the place of names.
	environment map[string]string
	close       func()
}

// startSidecar returns the sidecar of a task with an environment.
func (m *membership) startSidecar(environment map[string]string) (*sidecar, error) {
	s := &sidecar{environment: maps.Clone(environment), close: func() {}}
	for variable, value := range environment {
		u, name, ok := connectionURL(value)
		if !ok {
			continue
		}
		host, err := m.listen(s, name)
		if err != nil {
			s.close()
			return nil, err
		}
		u.Host = host
		s.environment[variable] = u.String()
	}
	return s, nil
}

// connectionURL returns the name and port in the URL of another program, "orders:80".
// Only a name of a namespace has neither a dot nor a colon.
func connectionURL(value string) (u *url.URL, name string, ok bool) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" || u.Hostname() == "localhost" || strings.ContainsAny(u.Hostname(), ".:") {
		return nil, "", false
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	return u, net.JoinHostPort(u.Hostname(), port), true
}

// listen returns the address of this machine that leads to a name. Where the task cannot
// resolve it that is one with an empty label, which no resolver looks up.
func (m *membership) listen(s *sidecar, name string) (address string, err error) {
	if m == nil || m.names[name] == nil {
		host, _, _ := net.SplitHostPort(name)
		return host + "..invalid", nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("the proxy for %s: %w", name, err)
	}
	route := m.route(strings.TrimSuffix(name, ":80"), m.names[name])
	forget := m.connections.add(m.program, m.names[name].program, route)
	server := &http.Server{Handler: route, ReadHeaderTimeout: 10 * time.Second, ErrorLog: errorLog}
	go func() { _ = server.Serve(listener) }() // until Close
	before := s.close
	s.close = func() {
		before()
		forget()
		server.Close()
		route.Close()
	}
	return listener.Addr().String(), nil
}
