// Command posts serves the forum's posts.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	_ "golang.org/x/crypto/x509roots/fallback" // an image from scratch has no TLS roots

	"example.com/strangler/services/forum/posts"
	"example.com/strangler/services/forum/reference"
	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

func main() {
	if err := run(context.Background(), os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "posts:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
	s, err := server.New("posts", getenv, stdout)
	if err != nil {
		return err
	}
	store, err := posts.Open(table.NewSource(getenv))
	if err != nil {
		return err
	}
	author, err := reference.Remote("users", getenv, s.Log)
	if err != nil {
		return err
	}
	thread, err := reference.Remote("threads", getenv, s.Log)
	if err != nil {
		return err
	}
	posts.Serve(s.Mux, store, author, thread)
	return s.Run(ctx)
}
