// Command monolith serves every feature whose table its environment names.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	_ "golang.org/x/crypto/x509roots/fallback" // an image from scratch has no TLS roots

	"example.com/strangler/services/forum/posts"
	"example.com/strangler/services/forum/threads"
	"example.com/strangler/services/forum/users"
	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

func main() {
	if err := run(context.Background(), os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "monolith:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
	s, err := server.New("monolith", getenv, stdout)
	if err != nil {
		return err
	}
	source := table.NewSource(getenv)
	mounted := 0
	for _, mount := range []func(*server.Mux, table.Source) error{users.Mount, threads.Mount, posts.Mount} {
		err := mount(s.Mux, source)
		switch {
		case err == nil:
			mounted++
		case !errors.Is(err, table.ErrNoTable):
			return err
		}
	}
	if mounted == 0 {
		// At the end of a migration only the services have the tables.
		s.Log.Warn("no table is named, so nothing is served but " + server.HealthPath)
	}
	return s.Run(ctx)
}
