// Command kiosk is the kiosk's monolith: it serves the opening hours, and the orders for as long
// as it has a database user for them.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"

	_ "golang.org/x/crypto/x509roots/fallback" // an image from scratch has no TLS roots

	"example.com/strangler/services/server"
	"example.com/strangler/test/testdata/kiosk/orders"
)

func main() {
	if err := run(context.Background(), os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kiosk:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
	s, err := server.New("kiosk", getenv, stdout)
	if err != nil {
		return err
	}
	s.Mux.Handle("GET /{$}", write("The kiosk"))
	s.Mux.Handle("GET /hours", write("6 to 22"))
	if url := getenv("ORDERS_DATABASE_URL"); url != "" {
		store, err := orders.Open(url)
		if err != nil {
			return err
		}
		store.Mount(s.Mux, "")
		store.Mount(s.Mux, "/v1")
	}
	return s.Run(ctx)
}

func write(text string) server.Handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "text/plain")
		_, err := fmt.Fprintln(w, text)
		return err
	}
}
