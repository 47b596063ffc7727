// Package server is the HTTP server that all programs share: it listens, routes,
// reads requests, words errors, logs, drains and stops.
package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

const (
	// DefaultDrainDelay is how long a program that was told to stop goes on
	// serving, so that the load balancer can stop sending requests first.
	DefaultDrainDelay = 5 * time.Second
	// ShutdownTimeout is how long the requests that still run after the drain
	// delay may take. The two, FlushTimeout and a margin have to fit into the task's
	// StopTimeout.
	ShutdownTimeout = 15 * time.Second
)

// DefaultPort is listened on when PORT is not set.
const DefaultPort = 8080

// Server is the HTTP server of one program.
type Server struct {
	Mux *Mux
	Log *slog.Logger

	port       int
	drainDelay time.Duration
	traces     *traces
}

// New returns the server of the program with the given name. It reads PORT,
// DRAIN_DELAY (a Go duration) and where to send traces with getenv, and logs JSON
// to stdout.
func New(name string, getenv func(string) string, stdout io.Writer) (*Server, error) {
	log := slog.New(slog.NewJSONHandler(stdout, nil)).With("program", name)
	s := &Server{Mux: NewMux(name, log), Log: log, port: DefaultPort, drainDelay: DefaultDrainDelay}
	if v := getenv("PORT"); v != "" {
		port, err := strconv.ParseUint(v, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("PORT is %.40q: want a number from 1 to 65535, or 0 for any free port", v)
		}
		s.port = int(port)
	}
	if v := getenv("DRAIN_DELAY"); v != "" {
		delay, err := time.ParseDuration(v)
		if err != nil || delay < 0 {
			return nil, fmt.Errorf("DRAIN_DELAY is %.40q: want a duration such as 5s", v)
		}
		s.drainDelay = delay
	}
	var err error
	s.traces, err = newTraces(name, getenv, log)
	return s, err
}

// Run serves until the context ends or the process gets SIGTERM or SIGINT, goes
// on for the drain delay, and then returns as soon as no request runs any more.
// A second signal ends the process at once.
func (s *Server) Run(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()

	listener, err := net.Listen("tcp", ":"+strconv.Itoa(s.port))
	if err != nil {
		return err
	}
	server := s.http()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	s.Log.Info("serving", "address", listener.Addr().String())

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop() // before the log invites a second signal
	s.Log.Info("draining", "delay", s.drainDelay.String())
	select {
	case err := <-failed:
		return err
	case <-time.After(s.drainDelay):
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ShutdownTimeout)
	defer cancel()
	err = server.Shutdown(ctx)
	s.traces.flush()
	if err != nil {
		server.Close()
		return fmt.Errorf("requests still ran %s after the drain delay: %w", ShutdownTimeout, err)
	}
	s.Log.Info("stopped")
	return nil
}

func (s *Server) http() *http.Server {
	return &http.Server{
		Handler: s.traces.around(s.Mux),
		// Both end clients that send a byte now and then to hold a connection.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		// Room for the slowest request, its database call and its answer, and
		// still less than the 60 s that the load balancer waits.
		WriteTimeout: 30 * time.Second,
		// A program that closes an idle connection before the load balancer does,
		// after 60 s, may close it just as a request arrives:
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#connection-idle-timeout
		IdleTimeout: 70 * time.Second,
		// What the load balancer passes on at most:
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
		MaxHeaderBytes: 64 << 10,
		// OPTIONS * is answered as every other request is.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
}
