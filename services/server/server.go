// Package server is the HTTP server of programs: it listens, routes, decodes requests,
// writes errors as problem documents, logs, traces, drains and stops.
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
	// DefaultDrainDelay is the time that a program serves requests after SIGTERM, until
	// the load balancer sends no more, when DRAIN_DELAY is not set.
	DefaultDrainDelay = 5 * time.Second
	// ShutdownTimeout is the time that requests have after the drain delay. The task's
	// StopTimeout is longer than both and FlushTimeout together.
	ShutdownTimeout = 15 * time.Second
)

// The limits of a connection. Both of the times that a client has to send limit one that
// holds a connection by sending a byte now and then.
const (
	// ReadHeaderTimeout is the time that a client has to send the headers.
	ReadHeaderTimeout = 5 * time.Second
	// ReadTimeout is the time that a client has to send the whole request.
	ReadTimeout = 15 * time.Second
	// WriteTimeout is the time from the end of a request's headers to the end of its
	// response: longer than RequestTimeout and the response of a slow client, and shorter
	// than the 60 s that the load balancer waits.
	WriteTimeout = 30 * time.Second
	// IdleTimeout is the time that a connection stays open between requests: longer than the
	// 4000 s that any load balancer keeps it at most, because a program that closes an idle
	// connection first may close it as a request arrives.
	//
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#connection-idle-timeout
	IdleTimeout = 4010 * time.Second
	// MaxHeaderBytes is what the headers of a request may have, 64 KiB. The load balancer
	// forwards no more.
	//
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
	MaxHeaderBytes = 64 << 10
)

// DefaultPort is the TCP port when PORT is not set.
const DefaultPort = 8080

// Server is the HTTP server of one program.
type Server struct {
	// Mux has the program's routes.
	Mux *Mux
	// Log writes JSON lines with the program's name.
	Log *slog.Logger

	port       int
	drainDelay time.Duration
	traces     *traces
}

// New returns the server of the program with the name, which logs to stdout. With
// getenv it reads PORT (0 for any free port), DRAIN_DELAY (a Go duration) and the
// OTEL_EXPORTER_OTLP_ variables of a collector. An invalid value is an error that names
// the variable.
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

// Run serves until the context ends or the process gets SIGTERM or SIGINT, continues
// for the drain delay, and returns when no request runs. It returns an error when it
// cannot listen, or when requests still run after ShutdownTimeout. A second signal ends
// the process at once.
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
	stop() // before the log line, so that a second signal after it ends the process
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
		_ = server.Close()
		return fmt.Errorf("requests still ran %s after the drain delay: %w", ShutdownTimeout, err)
	}
	s.Log.Info("stopped")
	return nil
}

func (s *Server) http() *http.Server {
	return &http.Server{
		Handler:           s.traces.handler(s.Mux),
		ReadHeaderTimeout: ReadHeaderTimeout,
		ReadTimeout:       ReadTimeout,
		WriteTimeout:      WriteTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    MaxHeaderBytes,
		// The mux responds to OPTIONS * as to any other request.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
}
