// Command archive is the library's monolith: it serves the opening hours, and the
// books for as long as it is given their table.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	_ "golang.org/x/crypto/x509roots/fallback" // an image from scratch has no TLS roots

	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
	"example.com/strangler/test/testdata/adoption/books"
)

func main() {
	if err := run(context.Background(), os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "archive:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
	s, err := server.New("archive", getenv, stdout)
	if err != nil {
		return err
	}
	s.Mux.Handle("GET /{$}", write("The library"))
	s.Mux.Handle("GET /hours", write("8 to 20"))
	if err := books.Mount(s.Mux, table.NewSource(getenv)); err != nil && !errors.Is(err, table.ErrNoTable) {
		return err
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
