// Command users serves the forum's users.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	_ "golang.org/x/crypto/x509roots/fallback" // an image from scratch has no TLS roots

	"example.com/strangler/services/forum/users"
	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

func main() {
	if err := run(context.Background(), os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "users:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
	s, err := server.New("users", getenv, stdout)
	if err != nil {
		return err
	}
	store, err := users.Open(table.NewSource(getenv))
	if err != nil {
		return err
	}
	users.Serve(s.Mux, store)
	return s.Run(ctx)
}
