// Command threads serves the forum's threads.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	_ "golang.org/x/crypto/x509roots/fallback" // an image from scratch has no TLS roots

	"example.com/strangler/services/forum/reference"
	"example.com/strangler/services/forum/threads"
	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

func main() {
	if err := run(context.Background(), os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "threads:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
	s, err := server.New("threads", getenv, stdout)
	if err != nil {
		return err
	}
	store, err := threads.Open(table.NewSource(getenv))
	if err != nil {
		return err
	}
	author, err := reference.Remote("users", getenv, s.Log)
	if err != nil {
		return err
	}
	threads.Serve(s.Mux, store, author)
	return s.Run(ctx)
}
