// Command monolith serves every feature whose table its environment names.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	_ "golang.org/x/crypto/x509roots/fallback" // an image from scratch has no TLS roots

	"example.com/strangler/services/server"
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
	f, err := open(getenv, s.Log)
	if err != nil {
		return err
	}
	if f.users == nil && f.threads == nil && f.posts == nil {
		// At the end of a migration only the services have the tables.
		s.Log.Warn("no table is named, so nothing is served but " + server.HealthPath)
	}
	if err := f.serve(s.Mux); err != nil {
		return err
	}
	return s.Run(ctx)
}
