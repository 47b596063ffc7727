// Command orders serves the kiosk's orders.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	_ "golang.org/x/crypto/x509roots/fallback" // an image from scratch has no TLS roots

	"example.com/strangler/services/server"
	"example.com/strangler/test/testdata/kiosk/orders"
)

func main() {
	if err := run(context.Background(), os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "orders:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
	s, err := server.New("orders", getenv, stdout)
	if err != nil {
		return err
	}
	store, err := orders.Open(getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	store.Mount(s.Mux, "")
	return s.Run(ctx)
}
