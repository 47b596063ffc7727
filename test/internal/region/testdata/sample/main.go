// Command sample is the service that the region's tests run. It serves /api/orders,
// and ends at its start when the environment does not name a STORE.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"example.com/strangler/services/server"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "sample:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if os.Getenv("STORE") == "" {
		return errors.New("STORE is not set")
	}
	s, err := server.New("sample", os.Getenv, os.Stdout)
	if err != nil {
		return err
	}
	s.Mux.Handle("GET /api/orders", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := fmt.Fprintln(w, "[]")
		return err
	})
	return s.Run(ctx)
}
