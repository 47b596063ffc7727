// Command sample is the service that the region's tests run. It serves /api/orders,
// and ends at its start when the environment does not name a STORE.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"

	"example.com/strangler/services/server"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "sample:", err)
		os.Exit(1)
	}
}

// status is that of the answers to calls.
var status atomic.Int64

func run(ctx context.Context) error {
	if os.Getenv("STORE") == "" {
		return errors.New("STORE is not set")
	}
	s, err := server.New("sample", os.Getenv, os.Stdout)
	if err != nil {
		return err
	}
	status.Store(http.StatusOK)
	s.Mux.Handle("GET /api/orders", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := fmt.Fprintln(w, "[]")
		return err
	})
	s.Mux.Handle("GET /called", called)
	s.Mux.Handle("GET /call/{variable}", call)
	s.Mux.Handle("PUT /status/{status}", func(_ http.ResponseWriter, r *http.Request) error {
		value, err := strconv.ParseInt(r.PathValue("status"), 10, 64)
		status.Store(value)
		return err
	})
	return s.Run(ctx)
}

// called answers with the port that tells the tasks from each other.
func called(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(int(status.Load()))
	_, err := fmt.Fprint(w, os.Getenv("PORT"))
	return err
}

// call calls the program whose URL a variable has. It answers with the status, and with
// the body or the error.
func call(w http.ResponseWriter, r *http.Request) error {
	response, err := http.Get(os.Getenv(r.PathValue("variable")) + "/called")
	if err != nil {
		_, err = fmt.Fprint(w, "0 ", err)
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%d %s", response.StatusCode, body)
	return err
}
