// Command books serves the library's books.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	_ "golang.org/x/crypto/x509roots/fallback" // an image from scratch has no TLS roots

	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
	"example.com/strangler/test/testdata/adoption/books"
)

func main() {
	if err := run(context.Background(), os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "books:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
	s, err := server.New("books", getenv, stdout)
	if err != nil {
		return err
	}
	if err := books.Mount(s.Mux, table.NewSource(getenv)); err != nil {
		return err
	}
	return s.Run(ctx)
}
